## One work-item evaluates an expression on a run of `chunk` elements (CPU), or on every element
## whose index is its own modulo the grid (elsewhere), and writes the nodes that somebody holds.
<%namespace name="expression" file="expression.cl"/>
<% index, inner = code.index, code.inner %>
__kernel void pointwise(
    ${', '.join(f'__global {s.ctype}* restrict {s.name}_g' for s in code.stores)}
% for x in code.operands:
    , __global const ${x.ctype}* restrict ${x.name}_g
% endfor
    , const ${index} n, const ${index} chunk
${expression.arguments(code)}
) {
% if device.is_cpu:
    const ${index} begin = (${index})get_group_id(0) * chunk;
    const ${index} end = begin + chunk < n ? begin + chunk : n;
% if code.rank == 1:
${expression.bases(code)}
    for (${index} c0 = begin; c0 < end; ++c0) {
${expression.evaluate(code)}
% for s in code.stores:
        ${s.name}_g[c0] = ${s.name};
% endfor
    }
% else:
    ${index} row = begin / n${inner}, first = begin - row * n${inner};
    for (${index} i = begin; i < end; ++row) {
${expression.coordinates(code, range(inner), 'row')}
${expression.bases(code)}
        const ${index} stop = n${inner} - first < end - i ? n${inner} : first + (end - i);
        const ${index} flat = i - first;
        for (${index} c${inner} = first; c${inner} < stop; ++c${inner}) {
${expression.evaluate(code)}
% for s in code.stores:
            ${s.name}_g[flat + c${inner}] = ${s.name};
% endfor
        }
        i = flat + stop;
        first = 0;
    }
% endif
% else:
    for (${index} i = get_global_id(0); i < n; i += get_global_size(0)) {
${expression.coordinates(code, range(code.rank), 'i')}
${expression.bases(code)}
${expression.evaluate(code)}
% for s in code.stores:
        ${s.name}_g[i] = ${s.name};
% endfor
    }
% endif
}
