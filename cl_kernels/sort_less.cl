## The order of the sort kernels: NaN counts as the largest value.
% if floating:
<% below = "(a < b || (b != b && a == a))" %>
% else:
<% below = "(a < b)" %>
% endif
#define LESS(p, q) less_value(x_g[p], x_g[q])
bool less_value(const ${T} ${"b" if descending else "a"}, const ${T} ${"a" if descending else "b"}) {
    return ${below};
}
