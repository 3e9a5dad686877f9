## One work-item computes attention for `each` queries of a head, in panels (attention_panel.cl), as
## keys come along in tiles of ${NK}: what was summed up so far is scaled down where a score is larger than
## all before. lse_g gets the logarithm of each query's sum of exponentials, for the way back.
## Source: Dao, Fu, Ermon, Rudra and Re, "FlashAttention" (2022); Milakov and Gimelshein, "Online
## normalizer calculation for softmax" (2018).
<%page args="T, VW, NV, MR, E, V, P, NK, mask=None, by_key=False, causal=False, dropout=False"/>\
<%namespace name="panel" file="attention_panel.cl"/>\
<%
    W = NV * VW
    V_room = -(-V // MR) * MR
%>\
% if dropout:
<%include file="philox.cl"/>
% endif
${panel.begin(T, VW)}
${panel.along('score', T, VW, NV, MR, E, W)}
${panel.across('weigh', T, VW, NV, MR, V, W, True)}
${panel.turned('turn', T, VW, NV, E)}
${panel.returned('put_back', T, VW, NV, V)}
% if dropout:
${panel.chances(T, W)}
% endif

/* Exponentials of count scores, for largest scores that are in `most` and then renewed; sum is of
   all exponentials, and factor what scales down those before. */
static void soften(const int count, __local ${T}* s, __local ${T}* most, __local ${T}* sum,
                   __local ${T}* factor)
{
% for v in range(NV):
    {
        const vec before = *(__local vec*)(most + ${v * VW});
        vec now = before;
        for (int j = 0; j < count; j++) {
            const vec x = *(__local vec*)(s + j * ${W} + ${v * VW});
            now = x > now ? x : now;
        }
        /* Where all is hidden, nothing may be infinity less infinity. */
        const vec from = now == (vec)(-INFINITY) ? (vec)(0) : now;
        const vec down = exp_nonpositive(before - from);
        vec total = *(__local vec*)(sum + ${v * VW}) * down;
        for (int j = 0; j < count; j++) {
            const vec e = exp_nonpositive(*(__local vec*)(s + j * ${W} + ${v * VW}) - from);
            *(__local vec*)(s + j * ${W} + ${v * VW}) = e;
            total += e;
        }
        *(__local vec*)(most + ${v * VW}) = now;
        *(__local vec*)(sum + ${v * VW}) = total;
        *(__local vec*)(factor + ${v * VW}) = down;
    }
% endfor
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void attention_cpu(
    __global ${T}* restrict o_g, __global ${T}* restrict lse_g, __global const ${T}* restrict q_g,
    __global const ${T}* restrict k_g, __global const ${T}* restrict v_g,
    ${panel.hidden(T, mask, dropout)}
    ${panel.place('o', 'q', 'k', 'v')}
    const int heads, const int group, const int queries, const int keys, const int each,
    const ${T} factor
) {
    __local ${T} q_panel[${P * E * W}] __attribute__((aligned(64)));
    __local ${T} o_panel[${P * V_room * W}] __attribute__((aligned(64)));
    __local ${T} s[${(NK + MR) * W}] __attribute__((aligned(64)));
    __local ${T} most[${P * W}] __attribute__((aligned(64)));
    __local ${T} sum[${P * W}] __attribute__((aligned(64)));
    __local ${T} down[${W}] __attribute__((aligned(64)));
% if dropout:
    __local ${T} keep[${4 * W}] __attribute__((aligned(64)));
    const ulong counters = (keys + 3) / 4, random_key = key_g[key_at];
% endif
    const long outer = get_group_id(1) / heads, inner = get_group_id(1) % heads;
    const int first = get_group_id(0) * each;
    const int rows = queries - first < each ? queries - first : each;
    q_g += q_at + outer * q_outer + inner * q_inner + first * q_row;
    o_g += o_at + outer * o_outer + inner * o_inner + first * o_row;
    k_g += k_at + outer * k_outer + inner / group * k_inner;
    v_g += v_at + outer * v_outer + inner / group * v_inner;
    lse_g += (long)get_group_id(1) * queries + first;
% if mask:
    mask_g += mask_at + outer * mask_outer + inner * mask_inner;
% endif
    for (int p = 0; p * ${W} < rows; p++) {
        const int n = rows - p * ${W} < ${W} ? rows - p * ${W} : ${W};
        turn(n, q_g + p * ${W} * q_row, q_row, factor, q_panel + p * ${E * W});
        for (int i = 0; i < ${V_room * W}; i++) o_panel[p * ${V_room * W} + i] = 0;
        for (int l = 0; l < ${W}; l++) {
            most[p * ${W} + l] = -INFINITY;
            sum[p * ${W} + l] = 0;
        }
    }
    const int end = ${'first + rows < keys ? first + rows : keys' if causal else 'keys'};
    for (int key = 0; key < end; key += ${NK}) {
        for (int p = 0; p * ${W} < rows; p++) {
            const int query = first + p * ${W};
            const int n = rows - p * ${W} < ${W} ? rows - p * ${W} : ${W};
            const int stop = ${f'query + {W} < end ? query + {W} : end' if causal else 'end'};
            const int count = stop - key < ${NK} ? stop - key : ${NK};
        % if causal:
            if (count <= 0) continue;
        % endif
            score(count, k_g + key * k_row, k_row, q_panel + p * ${E * W}, s);
            ${panel.hide(T, W, mask, by_key, causal, W)}
            soften(count, s, most + p * ${W}, sum + p * ${W}, down);
        % if dropout:
            for (int j = 0; j < count; j += 4) {
                chances(((ulong)get_group_id(1) * queries + query) * counters + (key + j) / 4,
                        counters, random_key, kept, scale, keep);
                for (int i = 0; i < ${4 * W}; i++) s[j * ${W} + i] *= keep[i];
            }
        % endif
            weigh(count, v_g + key * v_row, v_row, s, o_panel + p * ${V_room * W}, down);
        }
    }
    for (int p = 0; p * ${W} < rows; p++) {
        const int n = rows - p * ${W} < ${W} ? rows - p * ${W} : ${W};
        for (int l = 0; l < ${W}; l++) {
            const ${T} total = sum[p * ${W} + l];
            down[l] = total == 0 ? 0 : 1 / total;
            if (l < n)
                lse_g[p * ${W} + l] = total == 0 ? INFINITY : most[p * ${W} + l] + log(total);
        }
        put_back(n, o_panel + p * ${V_room * W}, down, o_g + p * ${W} * o_row, o_row);
    }
}
