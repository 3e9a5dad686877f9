## Declares the built-in functions that kernels call, with the types that they call them for. PoCL
## would read a megabyte of declarations for every program, more work than most of ours are to
## compile; runtime/kernel.py has it leave them out, and builds with them what calls anything else.
<%
    reals = ['float'] + ['double'] * device.fp64
    unary = '''acos acosh asin asinh atan atanh cos cosh erf exp exp2 expm1 log log10 log1p log2 sin
        sinh tan tanh'''.split()
    binary = 'atan2 fmax fmin fmod hypot nextafter pow'.split()
%>\
#define CT_BUILTIN __attribute__((overloadable, const))
% for name in ('global_id', 'global_size', 'group_id', 'local_id', 'local_size', 'num_groups'):
size_t CT_BUILTIN get_${name}(uint);
% endfor
void __attribute__((overloadable, convergent)) barrier(cl_mem_fence_flags);
% for T in reals:
% for name in unary:
${T} CT_BUILTIN ${name}(${T});
% endfor
% for name in binary:
${T} CT_BUILTIN ${name}(${T}, ${T});
% endfor
% for V in (T, *[f'{T}{n}' for n in (2, 4, 8, 16)]):
${V} CT_BUILTIN fma(${V}, ${V}, ${V});
% endfor
int CT_BUILTIN ilogb(${T});
${T} CT_BUILTIN ldexp(${T}, int);
int CT_BUILTIN signbit(${T});
% endfor
% for T in ('uint', 'ulong'):
${T} CT_BUILTIN clz(${T});
% endfor
% for T in ('int', 'uint', 'long', 'ulong', *reals):
${T} CT_BUILTIN clamp(${T}, ${T}, ${T});
${T} CT_BUILTIN max(${T}, ${T});
${T} CT_BUILTIN min(${T}, ${T});
% endfor
int __attribute__((overloadable)) atomic_cmpxchg(volatile __global int*, int, int);
% for T in ('int', 'uint'):
% for space in ('__global', '__local'):
${T} __attribute__((overloadable)) atomic_inc(volatile ${space} ${T}*);
% endfor
% endfor
