## One work-item computes gradients of a head of keys and values, and of `tiles` tiles of ${P * W} queries
## of each head that it serves: the weights again, of each tile of queries and each of keys, and what
## they give. So no two work-items add to the same element. Where they share a head's queries, each
## has gradients of keys and values of its own.
<%page args="T, VW, NV, MR, E, V, P, NK, mask=None, by_key=False, causal=False, dropout=False"/>\
<%namespace name="panel" file="attention_panel.cl"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%
    W = NV * VW
    PW = P * W
    E_room = -(-E // MR) * MR
    copies = [(x, n, -(-n // W) * W) for x, n in (('q', E), ('g', V)) if n % W]
%>\
% if dropout:
<%include file="philox.cl"/>
% endif
${panel.begin(T, VW)}
${panel.along('score', T, VW, NV, MR, E, PW)}
% if E != V:
${panel.along('score_v', T, VW, NV, MR, V, PW)}
% endif
${panel.across('gather', T, VW, NV, MR, E, PW, False)}
${panel.turned('turn', T, VW, NV, E)}
% if E != V:
${panel.turned('turn_v', T, VW, NV, V)}
% endif
${panel.returned('put_back', T, VW, NV, E)}
% if dropout:
${panel.chances(T, W)}
% endif

% for name, width in [('spread', E), ('spread_v', V)]:
/* c[rows][${width}] += a[rows][count] b[count][${width}]. Rows past the last repeat it, with the same results. */
static void ${name}(const int rows, const int count, __local const ${T}* a,
                    __${'local' if width % W else 'global'} const ${T}* b, const long b_step,
                    __global ${T}* c, const long c_step${f', __local {T}* t' if width % W else ''})
{
    for (int j = 0; j < ${width}; j += ${W})
        for (int i = 0; i < rows; i += ${MR}) {
        % for r in range(MR):
            const int row${r} = i + ${r} < rows ? i + ${r} : rows - 1;
            __local const ${T}* a${r} = a + row${r} * ${PW};
            __global ${T}* d${r} = c + row${r} * c_step + j;
        % endfor
        % if width % W:
            ${tile.clear(MR, NV)}
        % else:
        % for r in range(MR):
        % for v in range(NV):
            vec c${r}_${v} = *(__global const uvec*)(d${r} + ${v * VW});
        % endfor
        % endfor
        % endif
#pragma clang loop unroll(disable)
            for (int k = 0; k < count; k++) {
                ${tile.step(['a%d[k]' % r for r in range(MR)],
                            ['*(__%s const uvec*)(b + k * b_step + j + %d)'
                             % ('local' if width % W else 'global', v * VW) for v in range(NV)])}
            }
        % if width % W:
            ${tile.spill(MR, NV, VW, 't')}
            for (int r = 0; r < ${MR} && i + r < rows; r++)
                for (int l = 0; l < ${W} && j + l < ${width}; l++)
                    c[(i + r) * c_step + j + l] += t[r * ${W} + l];
        % else:
        % for r in range(MR):
        % for v in range(NV):
            *(__global uvec*)(d${r} + ${v * VW}) = c${r}_${v};
        % endfor
        % endfor
        % endif
        }
}
% endfor

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void attention_grad_cpu(
    __global ${T}* restrict dq_g, __global ${T}* restrict dk_g, __global ${T}* restrict dv_g,
    __global const ${T}* restrict g_g, __global const ${T}* restrict q_g,
    __global const ${T}* restrict k_g, __global const ${T}* restrict v_g,
    __global const ${T}* restrict lse_g, __global const ${T}* restrict delta_g,
    ${panel.hidden(T, mask, dropout)}
    ${panel.place('dq', 'dk', 'dv', 'g', 'q', 'k', 'v')}
    const long dk_part, const long dv_part, const int heads, const int group, const int queries,
    const int keys, const int tiles, const ${T} factor
) {
    __local ${T} q_panel[${P * E * W}] __attribute__((aligned(64)));
    __local ${T} g_panel[${P * V * W}] __attribute__((aligned(64)));
    __local ${T} dq_panel[${P * E_room * W}] __attribute__((aligned(64)));
    __local ${T} s_tile[${(NK + MR) * PW}] __attribute__((aligned(64)));
    __local ${T} d_tile[${(NK + MR) * PW}] __attribute__((aligned(64)));
    __local ${T} lse[${PW}] __attribute__((aligned(64)));
    __local ${T} delta[${PW}] __attribute__((aligned(64)));
    __local ${T} one[${W}] __attribute__((aligned(64)));
% for x, width, room in copies:
    __local ${T} ${x}_copy[${PW * room}] __attribute__((aligned(64)));
% endfor
% if copies:
    __local ${T} t[${MR * W}] __attribute__((aligned(64)));
% endif
% if dropout:
    __local ${T} keep[${4 * W}] __attribute__((aligned(64)));
    const ulong counters = (keys + 3) / 4, random_key = key_g[key_at];
% endif
    const long outer = get_group_id(1) / heads, inner = get_group_id(1) % heads;
    const int part = get_group_id(0);
    k_g += k_at + outer * k_outer + inner * k_inner;
    v_g += v_at + outer * v_outer + inner * v_inner;
    dk_g += part * dk_part + dk_at + outer * dk_outer + inner * dk_inner;
    dv_g += part * dv_part + dv_at + outer * dv_outer + inner * dv_inner;
    for (int l = 0; l < ${W}; l++) one[l] = 1;
    for (int j = 0; j < keys; j++) {
        for (int e = 0; e < ${E}; e++) dk_g[j * dk_row + e] = 0;
        for (int e = 0; e < ${V}; e++) dv_g[j * dv_row + e] = 0;
    }
    const int begin = part * tiles * ${PW}, stop = begin + tiles * ${PW};
    const int last = stop < queries ? stop : queries;
    for (int head = inner * group; head < (inner + 1) * group; head++)
    for (int first = begin; first < last; first += ${PW}) {
        const int rows = last - first < ${PW} ? last - first : ${PW};
        __global const ${T}* q = q_g + q_at + outer * q_outer + head * q_inner + first * q_row;
        __global const ${T}* g = g_g + g_at + outer * g_outer + head * g_inner + first * g_row;
        const long line = (outer * heads * group + head) * queries + first;
    % if mask:
        __global const ${'uchar' if mask == 'bool' else T}* of_head =
            mask_g + mask_at + outer * mask_outer + head * mask_inner;
    % endif
        for (int l = 0; l < ${PW}; l++) {
            lse[l] = l < rows ? lse_g[line + l] : INFINITY;
            delta[l] = l < rows ? delta_g[line + l] : 0;
        }
    % for x, width, room in copies:
        for (int l = 0; l < rows; l++)
            for (int e = 0; e < ${room}; e++)
                ${x}_copy[l * ${room} + e] = e < ${width} ? ${x}[l * ${x}_row + e] : 0;
    % endfor
        for (int p = 0; p * ${W} < rows; p++) {
            const int n = rows - p * ${W} < ${W} ? rows - p * ${W} : ${W};
            turn(n, q + p * ${W} * q_row, q_row, factor, q_panel + p * ${E * W});
            ${'turn' if E == V else 'turn_v'}(n, g + p * ${W} * g_row, g_row, 1,
                                              g_panel + p * ${V * W});
            for (int i = 0; i < ${E_room * W}; i++) dq_panel[p * ${E_room * W} + i] = 0;
        }
        const int end = ${'first + rows < keys ? first + rows : keys' if causal else 'keys'};
        for (int key = 0; key < end; key += ${NK}) {
            const int count = end - key < ${NK} ? end - key : ${NK};
            for (int p = 0; p * ${W} < rows; p++) {
                const int query = first + p * ${W};
                const int n = rows - p * ${W} < ${W} ? rows - p * ${W} : ${W};
                __local ${T}* s = s_tile + p * ${W};
                __local ${T}* d = d_tile + p * ${W};
                score(count, k_g + key * k_row, k_row, q_panel + p * ${E * W}, s);
                ${'score' if E == V else 'score_v'}(count, v_g + key * v_row, v_row,
                                                    g_panel + p * ${V * W}, d);
            % if mask:
                __global const ${'uchar' if mask == 'bool' else T}* mask_g = of_head;
            % endif
                ${panel.hide(T, W, mask, by_key, causal, PW)}
            % if dropout:
                for (int j = 0; j < count; j += 4) {
                    chances(((ulong)(outer * heads * group + head) * queries + query) * counters
                            + (key + j) / 4, counters, random_key, kept, scale, keep);
                    for (int i = 0; i < 4 && j + i < count; i++) {
                % for v in range(NV):
                        {
                            __local vec* weight = (__local vec*)(s + (j + i) * ${PW} + ${v * VW});
                            __local vec* slope = (__local vec*)(d + (j + i) * ${PW} + ${v * VW});
                            const vec k = *(__local vec*)(keep + i * ${W} + ${v * VW});
                            const vec w = exp_nonpositive(
                                *weight - *(__local vec*)(lse + p * ${W} + ${v * VW}));
                            *slope = w * (*slope * k - *(__local vec*)(delta + p * ${W} + ${v * VW}))
                                     * factor;
                            *weight = w * k;
                        }
                % endfor
                    }
                }
            % else:
                for (int j = 0; j < count; j++) {
                % for v in range(NV):
                    {
                        __local vec* weight = (__local vec*)(s + j * ${PW} + ${v * VW});
                        __local vec* slope = (__local vec*)(d + j * ${PW} + ${v * VW});
                        const vec w = exp_nonpositive(
                            *weight - *(__local vec*)(lse + p * ${W} + ${v * VW}));
                        *slope = w * (*slope - *(__local vec*)(delta + p * ${W} + ${v * VW}))
                                 * factor;
                        *weight = w;
                    }
                % endfor
                }
            % endif
                gather(count, k_g + key * k_row, k_row, d, dq_panel + p * ${E_room * W});
            }
            spread(count, rows, d_tile, ${f'q_copy, {-(-E // W) * W}' if E % W else 'q, q_row'},
                   dk_g + key * dk_row, dk_row${', t' if E % W else ''});
            spread_v(
                count, rows, s_tile, ${f'g_copy, {-(-V // W) * W}' if V % W else 'g, g_row'},
                dv_g + key * dv_row, dv_row${', t' if V % W else ''});
        }
        for (int p = 0; p * ${W} < rows; p++) {
            const int n = rows - p * ${W} < ${W} ? rows - p * ${W} : ${W};
            put_back(n, dq_panel + p * ${E_room * W}, one,
                     dq_g + dq_at + outer * dq_outer + head * dq_inner
                     + (first + p * ${W}) * dq_row, dq_row);
        }
    }
}
