## The error function, its complement, inverse, and the normal distribution's.
##
## erfc(x) = exp(-x^2) F(t) / (1 + 2x), t = (x - 3.75) / (x + 3.75), with a polynomial F for all x >= 0
## (Shepherd and Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x", 1981). The
## inverse is x times a function of w = -log(1 - x^2) (Giles, "Approximating the erfinv function",
## 2012), in the tails a polynomial in 1/sqrt(w). Where float's erf is 1 - erfc with an erfc below 0.16,
## which needs few digits, a polynomial for log(erfc x) takes half the work of F: gelu lives by it.
<%namespace name="polynomial" file="polynomial.cl"/>\
<%
    ERF = {
        "float": """
            1.1283791 -3.7612626e-01 1.1283594e-01 -2.6854211e-02 5.1890872e-03 -8.0168643e-04
            7.875875e-05
        """,
        "double": """
            1.1283791670955126 -0.37612638903183543 0.11283791670945006 -0.02686617064323777
            0.0052239776071164225 -0.0008548325975389692 0.00012055294904839707
            -1.492473690741966e-05 1.6447424703317362e-06 -1.6208483801871705e-07
            1.3720064546777686e-08 -7.795898827002142e-10
        """,
    }
    LOG_ERFC = {
        "float": """
            -3.4151259e-04 -1.1270892 -6.3814476e-01 -1.0310682e-01 2.1838097e-02 -2.9476668e-03
            1.8638008e-04
        """,
    }
    ERFCX = {
        "float": """
            1.2375126 -1.4024061e-01 3.5863102e-03 8.227742e-02 -1.0881458e-01 9.229637e-02
            -5.8645982e-02 2.8396482e-02 -9.8454915e-03 1.6886622e-03 3.9670465e-04 -2.2874723e-04
        """,
        "double": """
            1.2375126308378275 -0.14024059858554697 0.003585415485463775 0.08227673849014516
            -0.10880393014171785 0.09230432116037876 -0.058693398590212366 0.028362277418940665
            -0.009746579552504244 0.0017556258530017257 0.0002937136342850081 -0.0002901540809795271
            5.1649211390702855e-05 2.2384240314224437e-05 -1.1444412439171722e-05
            -9.735619015182663e-07 1.752057970166318e-06 -5.721597255990987e-08
            -2.591069687796658e-07 2.3261913276696566e-08 3.8965452548985966e-08
            -3.743568033634583e-09 -5.28428697963142e-09 3.110310719839165e-10 4.434959070009628e-10
        """,
    }
    ERFINV = {
        "float": """
            1.6536546 7.504943e-01 -5.8922686e-02 -2.2604331e-02 1.7810764e-02 -4.1386546e-03
            -1.2852012e-03 1.2388418e-03 -2.3331156e-04 -1.309572e-04 6.2027546e-05
        """,
        "double": """
            1.6536545626831027 0.7504943200799635 -0.05892256710377784 -0.022604447453449802
            0.017808361818295655 -0.00413731437741443 -0.0012716922684373015 0.0012324855686812834
            -0.0002643936684366174 -0.0001168888399309713 9.33673917780479e-05
            -1.5027710420277575e-05 -1.1257319182677936e-05 7.1300572630824496e-06
            -6.83718721812117e-07 -1.059321402540731e-06 5.394320648707009e-07
            -1.0185147576818285e-08 -9.867713140174249e-08 3.915473114023045e-08
            4.792369996100387e-09 -8.562787796742932e-09 1.5401738716654886e-09
            7.689312733742569e-10 -2.7032254091069344e-10
        """,
    }
    ERFINV_TAIL = {
        "float": """
            9.601878e-01 -2.999941e-02 1.7960834e-03 1.970113e-03 -3.1351412e-04 4.2165304e-04
            4.2224518e-04 1.858935e-04 -2.03973e-04 -1.7350362e-04 3.607853e-05 4.8730428e-05
        """,
        "double": """
            0.9550503165665903 -0.02413960001500455 0.0019080567117650286 0.0010871618429091946
            0.00011985868104480114 0.00035601391433810444 0.00014312338688957161
            -8.627347384077916e-05 -0.00011745609344824945 1.970304847116617e-05
            6.467785546780642e-05 -1.112109273378495e-05 -3.2352425619006535e-05
            1.1831749603955486e-05 1.3187221711205028e-05 -1.0164504407754949e-05
            -2.626331018507561e-06 6.170534885059368e-06 -1.7046743218357611e-06
            -2.3076619859658585e-06 2.220175957035413e-06 1.3266131905510618e-07
            -1.316078680920416e-06 4.344717251270744e-07 4.823975246756462e-07
            -2.8204064392751617e-07 -1.0527740144434934e-07 8.38982915395979e-08
            1.0566959419557547e-08 -1.0492029655917317e-08
        """,
    }
    ERFINV_FAR = {
        "float": "9.848629e-01 -4.8021013e-03 -1.686696e-04 2.3786475e-05 -1.3371412e-06",
        "double": """
            0.9901860993004541 -0.009314901916631563 -0.0012373871525814043 0.00032161191636843206
            -4.995710146174448e-05 1.187983095096568e-05 -3.6808625536408323e-06
            1.284832310431771e-06 -4.884232662347831e-07 1.9813036004733564e-07
            -8.43867723610579e-08 3.709955714678877e-08 -1.6910768083097863e-08
            8.546891828613588e-09 -4.123697001294872e-09 9.270339159054334e-10
            -4.1347003126942104e-10 1.4130399630546381e-09 -7.502289955607346e-10
            -4.6055645600446076e-10 2.524605558404045e-10 2.0589909714510637e-10
            -1.1081578210910809e-10
        """,
    }
%>\
% for T in reals:
<% U, mask = ("uint", "0xfffff000u") if T == "float" else ("ulong", "0xfffffffff8000000ul") %>\
/* exp(-scale x^2) for x >= 0 and scale 1 or 1/2, with what rounding took from the square. */
CT_OVERLOAD ${T} ct_gauss(${T} x, ${T} scale) {
#pragma OPENCL FP_CONTRACT OFF
    const ${T} c = x > 45 ? 45 : x, high = as_${T}(as_${U}(c) & ${mask}), low = c - high;
    const ${T} square = c * c;
    const ${T} rest = ((high * high - square) + 2 * high * low) + low * low;
    const ${T} power = exp(-scale * square);
    return power - power * (scale * rest);
}
/* exp(x^2) erfc(x) for x >= 0. */
CT_OVERLOAD ${T} ct_erfcx_positive(${T} x) {
    const ${T} t = 1 - (${T})7.5 / (x + (${T})3.75);
    return ${polynomial.horner(T, "t", ERFCX)} / (1 + 2 * x);
}
CT_OVERLOAD ${T} ct_erf_small(${T} x) {
    const ${T} z = x * x;
    return x * ${polynomial.horner(T, "z", ERF)};
}
CT_OVERLOAD ${T} ct_erf(${T} x) {
    const ${T} a = fabs(x);
% if T == "float":
    const float c = a > 4 ? 4 : a, far = 1 - exp(${polynomial.horner(T, "c", LOG_ERFC)});
% else:
    const ${T} far = 1 - ct_gauss(a, 1) * ct_erfcx_positive(a);
% endif
    return a < 1 ? ct_erf_small(x) : copysign(far, x);
}
CT_OVERLOAD ${T} ct_erfc(${T} x) {
    const ${T} a = fabs(x), tail = ct_gauss(a, 1) * ct_erfcx_positive(a);
    return a < (${T})0.5 ? 1 - ct_erf_small(x) : x > 0 ? tail : 2 - tail;
}
CT_OVERLOAD ${T} ct_erfcx(${T} x) {
#pragma OPENCL FP_CONTRACT OFF
    const ${T} a = fabs(x), right = ct_erfcx_positive(a);
    const ${T} c = a > 45 ? 45 : a, high = as_${T}(as_${U}(c) & ${mask}), low = c - high;
    const ${T} square = c * c;
    const ${T} rest = ((high * high - square) + 2 * high * low) + low * low;
    const ${T} power = 2 * exp(square);
    return x >= 0 ? right : power * (1 + rest) - right;
}
CT_OVERLOAD ${T} ct_ndtr(${T} x) {
    const ${T} a = fabs(x), right = ct_erfcx_positive(a * (${T})0.7071067811865476);
    const ${T} tail = (${T})0.5 * (ct_gauss(a, (${T})0.5) * right);
    return x < 0 ? tail : 1 - tail;
}
CT_OVERLOAD ${T} ct_log_ndtr(${T} x) {
    const ${T} a = fabs(x), right = (${T})0.5 * ct_erfcx_positive(a * (${T})0.7071067811865476);
    return x < 0 ? log(right) - (${T})0.5 * (x * x) : ct_log1m(ct_gauss(a, (${T})0.5) * right);
}
/* erfinv(x) / x by w = -log(1 - x^2). */
CT_OVERLOAD ${T} ct_erfinv_by(${T} w) {
    const ${T} t = ${polynomial.scaled(T, "w", 0, 6.25)}, root = sqrt(w), r = 1 / root;
    const ${T} near = ${polynomial.horner(T, "t", ERFINV)};
% if T == "float":
    const ${T} s = ${polynomial.scaled(T, "r", 1 / 10.25, 0.4)};
    const ${T} tail = ${polynomial.horner(T, "s", ERFINV_TAIL)};
% else:
    const ${T} s = ${polynomial.scaled(T, "r", 0.15, 0.4)}, u = ${polynomial.scaled(T, "r", 1 / 27.4, 0.15)};
    const ${T} tail = r > 0.15 ? ${polynomial.horner(T, "s", ERFINV_TAIL)}
        : ${polynomial.horner(T, "u", ERFINV_FAR)};
% endif
    return w < (${T})6.25 ? near : root * tail;
}
CT_OVERLOAD ${T} ct_erfinv(${T} x) { return x * ct_erfinv_by(-log((1 - x) * (1 + x))); }
CT_OVERLOAD ${T} ct_ndtri(${T} p) {
    const ${T} w = -(log(4 * p) + ct_log1m(p));
    return (p - (${T})0.5) * ct_erfinv_by(w < 0 ? 0 : w) * (${T})2.8284271247461903;
}
% endfor
