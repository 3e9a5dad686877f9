## Shared by the kernels that read indices: a negative one counts from the end, a bad one is noted.
## wrap(index, I, n): the place of `index`, of type I. What passes 2^63 counts from nowhere.
<%def name="wrap(index, I, n)"><%
    given = f'(long)min({index}, (ulong)LONG_MAX)' if I == 'ulong' else f'(long){index}'
    return f'wrap_index({given}, {n}, fault_g)'
%></%def>
<%def name="function()">
INLINE long wrap_index(const long given, const long n, __global int* fault_g) {
    /* Mesa 22.3 finds no converted int below 0: `(long)x < 0` is false, a sum compares well. */
    const long i = given + n < n ? given + n : given;
    if (i >= 0 && i < n)
        return i;
    fault_g[0] = 1;
    fault_g[1] = (int)given;
    fault_g[2] = (int)n;
    return 0;
}
</%def>
