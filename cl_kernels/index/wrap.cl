## Shared by the kernels that read indices: a negative one counts from the end, a bad one is noted.
## wrap(index, I, n, site): the place of `index`, of type I. What passes 2^63 counts from nowhere.
<%def name="wrap(index, I, n, site='site')"><%
    given = f'(long)min({index}, (ulong)LONG_MAX)' if I == 'ulong' else f'(long){index}'
    return f'wrap_index({given}, {n}, fault_g, {site})'
%></%def>
<%def name="function()">
<%include file="fault.cl"/>
INLINE long wrap_index(const long given, const long n, __global long* fault_g, const int site) {
    if ((ulong)given < (ulong)n) /* nearly all are, and a processor foresees it */
        return given;
    /* Mesa 22.3 finds no converted int below 0: `(long)x < 0` is false, a sum compares well. */
    const long i = given + n;
    if ((ulong)i < (ulong)n)
        return i;
    note_fault(fault_g, site, given, n);
    return 0;
}
</%def>
