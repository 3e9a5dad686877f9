## A work-item combines a block of elements along the axis, from the far end when reverse. Mode
## "totals" writes only what each block comes to, "carried" starts from that of the blocks before,
## "alone" from nothing. By rows (cpu), it takes `lanes` (at most ${most}) neighbouring lanes side by
## side; else one lane. kind: "sum", "product" or "logsumexp". A is the type that it computes in.
## Sums of floating-point numbers keep what rounding loses (Neumaier 1974), and lanes that lie
## densely (cpu) are added up in short runs, four side by side. Of exponentials it keeps the sum of
## exp(x - top), top being the largest so far, or up to 1 less: so only a comparison, a product and a
## sum wait for the element before, and few products of rounded numbers follow each other.
<%namespace name="steps" file="scan_steps.cl"/>
<%
    exact = kind == 'sum' and floating
    dense = cpu and not rows and kind == 'sum' and not in_turn
    complex = A[-1] == '2'
    one, product = (f'({A})(1, 0)', 'cx_mul(a, b)') if complex else ('1', 'a * b')
    start = {'sum': '0', 'product': one, 'logsumexp': '-INFINITY'}[kind]
    def element(k):
        return f'(n - 1 - ({k})) * inner' if reverse else f'({k}) * inner'
%>
${steps.macros(kind, exact, A, one, product)}
__kernel void scan(
    __global ${A if mode == 'totals' else T}* restrict y_g, __global const ${T}* restrict x_g,
% if mode == "carried":
    __global const ${A}* restrict total_g,
% endif
    const ${index} x_start, const ${index} items, const ${index} n, const ${index} inner,
    const ${index} blocks, const ${index} block, const ${index} lanes, const ${index} each
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < items ? first + each : items;
    const ${index} parts = (inner + lanes - 1) / lanes;
    for (${index} item = first; item < end; ++item) {
        const ${index} i = item % parts * lanes;
        const ${index} b = item / parts % blocks;
        const ${index} o = item / parts / blocks;
        const ${index} low = b * block;
        const ${index} high = low + block < n ? low + block : n;
        __global const ${T}* restrict from = x_g + x_start + o * n * inner + i;
% if mode == "totals":
        __global ${A}* restrict to = y_g + (o * blocks + b) * inner + i;
% else:
        __global ${T}* restrict to = y_g + o * n * inner + i;
% endif
% if rows:
        const ${index} width = lanes < inner - i ? lanes : inner - i;
        ${A} acc[${most}], rest[${most}], top[${most}];
        for (${index} j = 0; j < width; ++j) {
% if mode == "carried":
            const ${A} before = b > 0 ? total_g[(o * blocks + b - 1) * inner + i + j] : ${start};
            BEGIN(acc[j], rest[j], top[j], before)
% else:
            BEGIN(acc[j], rest[j], top[j], ${start})
% endif
        }
        for (${index} k = low; k < high; ++k) {
            __global const ${T}* restrict x = from + ${element('k')};
% if mode != "totals":
            __global ${T}* restrict y = to + ${element('k')};
% endif
            for (${index} j = 0; j < width; ++j) {
                TAKE(acc[j], rest[j], top[j], x[j])
% if mode != "totals":
                y[j] = RESULT(acc[j], rest[j], top[j]);
% endif
            }
        }
% if mode == "totals":
        for (${index} j = 0; j < width; ++j)
            to[j] = RESULT(acc[j], rest[j], top[j]);
% endif
% else:
        ${A} acc, rest, top;
% if mode == "carried":
        const ${A} before = b > 0 ? total_g[(o * blocks + b - 1) * inner + i] : ${start};
        BEGIN(acc, rest, top, before)
% else:
        BEGIN(acc, rest, top, ${start})
% endif
        ${index} k = low;
% if dense and mode == "totals":
        for (; k + 256 <= high; k += 256) {
            ${A} run[16];
            for (int j = 0; j < 16; ++j)
                run[j] = 0;
            for (int q = 0; q < 256; q += 16)
                for (int j = 0; j < 16; ++j)
                    run[j] += from[${element('k + q + j')}];
            for (int j = 1; j < 16; ++j)
                run[0] += run[j];
            TAKE(acc, rest, top, run[0])
        }
% elif dense:
        for (; k + 256 <= high; k += 256) {
            ${A} run[4] = {0, 0, 0, 0}, sums[256], head[4], tail[4];
            for (int j = 0; j < 64; ++j) {
% for q in range(4):
                sums[${64 * q} + j] = run[${q}] += from[${element(f'k + {64 * q} + j')}];
% endfor
            }
            for (int q = 0; q < 4; ++q) {
                head[q] = acc;
                tail[q] = rest;
                TAKE(acc, rest, top, run[q])
            }
            for (int q = 0; q < 4; ++q)
                for (int j = 0; j < 64; ++j)
                    to[${element('k + 64 * q + j')}] = head[q] + (tail[q] + sums[64 * q + j]);
        }
% endif
        for (; k < high; ++k) {
            TAKE(acc, rest, top, from[${element('k')}])
% if mode != "totals":
            to[${element('k')}] = RESULT(acc, rest, top);
% endif
        }
% if mode == "totals":
        *to = RESULT(acc, rest, top);
% endif
% endif
    }
}
