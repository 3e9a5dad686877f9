## One work-item evaluates an expression on a run of `chunk` elements (CPU), or on every element
## whose index is its own modulo the grid (elsewhere, or on every vector of `code.walk.width` neighbours),
## and writes the nodes that somebody holds. With
## `band`, for operands whose neighbours along a row lie far apart, the run is whole bands of rows, walked
## by blocks of columns: a cache line that is read serves all rows of its band.
<%namespace name="expression" file="expression.cl"/>
<%namespace name="vectors" file="neighbours.cl"/>
<% index, inner = code.index, code.inner %>
<%def name="store(linear)">
% for s in code.stores:
            ${s.write(f'{s.name}_g[{linear}]' if s.place == s.name else code.place(s))}
% endfor
</%def>
__kernel void pointwise(
    const ${index} n, const ${index} chunk
${expression.parameters(code)}
${expression.arguments(code)}
) {
% if code.parts:
    ## The iteration space is one dimension, walked part by part of the operand in several buffers;
    ## each part starts at a multiple of `align` elements.
<%  x, count, align = code.parts[0] %>
    __global const ${x.ctype}* const parts[${count}] = {
        ${', '.join(f'{x.name}_g{k} + {x.name}_o{k}' for k in range(count))}
    };
    const ${index} lengths[${count}] = { ${', '.join(f'{x.name}_n{k}' for k in range(count))} };
    ${index} from = 0;
${expression.bases(code)}
    const ${index} begin = (${index})get_group_id(0) * chunk;
    const ${index} end = begin + chunk < n ? begin + chunk : n;
    for (int k = 0; k < ${count}; ++k) {
% if device.is_cpu:
        const ${index} first = from > begin ? from : begin;
        const ${index} stop = from + lengths[k] < end ? from + lengths[k] : end;
        const int step = 1;
% else:
        const ${index} first = from + (${index})get_global_id(0), stop = from + lengths[k];
        const int step = get_global_size(0);
% endif
        __global const ${x.ctype}* restrict part = parts[k];
        for (${index} c0 = first; c0 < stop; c0 += step) {
            ${x.read('part[c0 - from]')}
${expression.evaluate(code)}
${store('c0')}
        }
        from += (lengths[k] + ${align - 1}) / ${align} * ${align};
    }
% elif device.is_cpu and band.rows:
    const ${index} begin = (${index})get_group_id(0) * chunk;
    const ${index} end = (begin + chunk < n ? begin + chunk : n) / n${inner};
    for (${index} top = begin / n${inner}; top < end; top += ${band.rows}) {
        const ${index} below = top + ${band.rows} < end ? top + ${band.rows} : end;
        for (${index} left = 0; left < n${inner}; left += ${band.columns}) {
            const ${index} stop = left + ${band.columns} < n${inner} ? left + ${band.columns} : n${inner};
            for (${index} row = top; row < below; ++row) {
${expression.coordinates(code, range(inner), 'row')}
${expression.bases(code)}
                const ${index} flat = row * n${inner};
                for (${index} c${inner} = left; c${inner} < stop; ++c${inner}) {
${expression.evaluate(code)}
${store(f'flat + c{inner}')}
                }
            }
        }
    }
% elif device.is_cpu:
    const ${index} begin = (${index})get_group_id(0) * chunk;
    const ${index} end = begin + chunk < n ? begin + chunk : n;
% if code.rank == 1:
${expression.bases(code)}
    for (${index} c0 = begin; c0 < end; ++c0) {
${expression.evaluate(code)}
${store('c0')}
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
${store(f'flat + c{inner}')}
        }
        i = flat + stop;
        first = 0;
    }
% endif
% else:
% if code.walk.width > 1:
    for (${index} i = get_global_id(0); i < n / ${code.walk.width}; i += get_global_size(0)) {
${expression.coordinates(code, range(code.rank), 'i', code.walk.width)}
${expression.bases(code, lambda x: f'{x.name}_o + i * {code.walk.width}')}
${vectors.pointwise(code, 'i')}
    }
% endif
## Of vectors the elements that are left, where the operands are dense in one dimension.
% if code.walk.width == 1 or code.rank == 1:
<% first = f'n / {code.walk.width} * {code.walk.width} + ' if code.walk.width > 1 else '' %>\
    for (${index} i = ${first}get_global_id(0); i < n; i += get_global_size(0)) {
${expression.coordinates(code, range(code.rank), 'i')}
${expression.bases(code, lambda x: f'{x.name}_o + i')}
${expression.evaluate(code)}
${store('i')}
    }
% endif
% endif
}
