## The regularized incomplete gamma functions P and Q = 1 - P.
##
## The power series (DLMF 8.11.4), that of Q for small a and x (8.7.1), Legendre's continued fraction
## by Lentz' algorithm (8.9.2), and for large a near x Temme's expansion (8.12).
<%namespace name="polynomial" file="polynomial.cl"/>\
<%
    LOG1PMX = {
        "float": """
            5.0e-01 -3.333334e-01 2.5000027e-01 -1.9999303e-01 1.6664605e-01 -1.4307638e-01
            1.2559533e-01 -1.08442664e-01 9.243213e-02 -1.02991626e-01 1.2530093e-01 -7.4556105e-02
        """,
        "double": """
            0.5 -0.3333333333333336 0.2500000000000028 -0.1999999999998782 0.16666666666585123
            -0.14285714287528073 0.1250000000954403 -0.11111110988208911 0.09999999417849098
            -0.09090913620329394 0.0833335431556047 -0.07692209226274654 0.0714237984612518
            -0.06667954591927822 0.0625707486727291 -0.05872821747229121 0.05486823940473528
            -0.05289966185727505 0.0542748675474467 -0.049019117785574245 0.029640823273792746
            -0.0288138007148895 0.06958352229878886 -0.08551072268728613 0.03736762953433462
        """,
    }
    LGAMMA1P = {
        "float": """
            -5.772157e-01 8.22467e-01 -4.0068564e-01 2.705808e-01 -2.0738555e-01 1.6955718e-01
            -1.440499e-01 1.2550966e-01 -1.11334264e-01
        """,
        "double": """
            -0.5772156649015329 0.8224670334241132 -0.40068563438653143 0.27058080842778454
            -0.20738555102867398 0.1695571769974082 -0.1440498967688461 0.12550966952474304
            -0.11133426586956469 0.1000994575127818 -0.09095401714582904 0.083353840546109
            -0.0769325164113522 0.07143294629536133 -0.06666870588242046 0.06250095514121304
            -0.058823978658684585 0.055555767627403614
        """,
    }
%>\
<%
    TEMME = {
        "float": [
            """-3.3333334e-01 8.3333336e-02 -1.4814815e-02 1.1574074e-03 3.5273368e-04
            -1.7875514e-04 3.9192633e-05 -2.1854485e-06""",
            """-1.8518518e-03 -3.4722222e-03 2.6455026e-03 -9.902263e-04 2.0576132e-04
            -4.0187757e-07""",
            """4.133598e-03 -2.681327e-03 7.7160494e-04 2.0093878e-06""",
        ],
        "double": [
            """-0.3333333333333333 0.08333333333333333 -0.014814814814814815 0.0011574074074074073
            0.0003527336860670194 -0.0001787551440329218 3.919263178522438e-05
            -2.185448510679992e-06 -1.85406221071516e-06 8.296711340953087e-07
            -1.7665952736826078e-07 6.707853543401498e-09 1.0261809784240309e-08
            -4.382036018453353e-09 9.14769958223679e-10 -2.5514193994946248e-11
            -5.830772132550426e-11 2.4361948020667415e-11 -5.0276692801141755e-12""",
            """-0.001851851851851852 -0.003472222222222222 0.0026455026455026454
            -0.0009902263374485596 0.00020576131687242798 -4.018775720164609e-07
            -1.8098550334489977e-05 7.64916091608111e-06 -1.6120900894563446e-06
            4.647127802807434e-09 1.378633446915721e-07 -5.752545603517705e-08
            1.1951628599778148e-08 -1.7543241719747647e-11 -1.0091543710600413e-09
            4.162792991842583e-10 -8.56390702649298e-11""",
            """0.004133597883597883 -0.0026813271604938273 0.0007716049382716049
            2.0093878600823047e-06 -0.0001073665322636516 5.2923448829120125e-05
            -1.2760635188618728e-05 3.423578734096138e-08 1.3721957309062934e-06
            -6.298992138380055e-07 1.4280614206064242e-07 -2.0477098421990866e-10
            -1.409252991086752e-08 6.228974084922022e-09 -1.3670488396617114e-09""",
            """0.0006494341563786008 0.00022947209362139917 -0.0004691894943952557
            0.00026772063206283885 -7.561801671883977e-05 -2.396505113867297e-07
            1.1082654115347302e-05 -5.6749528269915965e-06 1.4230900732435883e-06
            -2.7861080291528143e-11 -1.6958404091930278e-07 8.099464905388083e-08
            -1.9111168485973655e-08""",
            """-0.0008618882909167117 0.0007840392217200666 -0.0002990724803031902
            -1.4638452578843418e-06 6.641498215465122e-05 -3.968365047179435e-05
            1.1375726970678419e-05 2.507497226237533e-10 -1.6954149536558305e-06
            8.907507532205309e-07 -2.292934834000805e-07""",
            """-0.00033679855336635813 -6.972813758365857e-05 0.0002772753244959392
            -0.00019932570516188847 6.797780477937208e-05 1.419062920643967e-07
            -1.3594048189768693e-05 8.018470256334202e-06 -2.291481176508095e-06""",
            """0.0005313079364639922 -0.0005921664373536939 0.0002708782096718045
            7.902353232660328e-07 -8.153969367561969e-05 5.61168275310625e-05
            -1.8329116582843375e-05""",
        ],
    }
%>\
% for T in reals:
/* mu - log(1 + mu), without cancellation near 0. */
CT_OVERLOAD ${T} ct_log_lag(${T} mu) {
    const ${T} near = mu * mu * ${polynomial.horner(T, "mu", LOG1PMX)};
    return mu > (${T})-0.4 && mu < (${T})0.5 ? near : mu - log(1 + mu);
}
/* t - 1 - log(t), given t and t - 1. */
CT_OVERLOAD ${T} ct_lag_of(${T} t, ${T} less) {
    return less < (${T})-0.9 ? less - log(t) : ct_log_lag(less);
}
/* log(Gamma(1 + a)) for a >= 0, whose rounding 1 + a would hide near 0. */
CT_OVERLOAD ${T} ct_lgamma_next(${T} a) {
    return a < (${T})0.125 ? a * ${polynomial.horner(T, "a", LGAMMA1P)} : ct_lgamma_positive(1 + a);
}
/* x^a e^-x / Gamma(a + 1); e^-x in halves, which are not subnormal where the product is not. */
CT_OVERLOAD ${T} ct_gamma_power(${T} a, ${T} x) {
    const ${T} root = exp((${T})-0.5 * x);
    if (a < 3) return x > 900 ? 0 : pow(x, a) * exp(-ct_lgamma_next(a)) * root * root;
    const ${T} lag = ct_lag_of(x / a, (x - a) / a);
    return sqrt((${T})0.15915494309189534 / a) * exp(-a * lag - ct_stirling(a));
}
CT_OVERLOAD ${T} ct_gamma_series(${T} a, ${T} x) {
    ${T} term = 1, sum = 1;
    for (int k = 1; k < 1000 && term > sum * (${T})${"3e-8f" if T == "float" else "5e-17"}; ++k) {
        term *= x / (a + k);
        sum += term;
    }
    return ct_gamma_power(a, x) * sum;
}
CT_OVERLOAD ${T} ct_gamma_fraction(${T} a, ${T} x) {
    const ${T} least = (${T})1e-30;
    ${T} b = x + 1 - a, c = 1 / least, d = 1 / (fabs(b) < least ? least : b), h = d;
    for (int i = 1; i < 1000; ++i) {
        const ${T} an = i * (a - i);
        b += 2;
        d = an * d + b;
        d = 1 / (fabs(d) < least ? least : d);
        c = b + an / c;
        c = fabs(c) < least ? least : c;
        const ${T} factor = d * c;
        h *= factor;
        if (fabs(factor - 1) < (${T})${"6e-8f" if T == "float" else "1.2e-16"}) break;
    }
    return ct_gamma_power(a, x) * a * h;
}
/* Q for x up to about 1, where P is near 1 or not: 1 - x^a / Gamma(a + 1) and the rest of the series. */
CT_OVERLOAD ${T} ct_gamma_small(${T} a, ${T} x) {
    ${T} factor = 1, sum = 0;
    for (int n = 1; n < 40; ++n) {
        factor *= -x / n;
        sum += factor / (a + n);
    }
    const ${T} exponent = a * log(x) - ct_lgamma_next(a);
    return -expm1(exponent) - exp(exponent) * (a * sum);
}
/* Q, or P for lower, where a is large and x not far from it. */
CT_OVERLOAD ${T} ct_gamma_uniform(${T} a, ${T} x, bool lower) {
    const ${T} mu = (x - a) / a, lag = ct_log_lag(mu), z = sqrt(a * lag), v = 1 / a;
    const ${T} eta = mu < 0 ? -sqrt(2 * lag) : sqrt(2 * lag);
    const ${T} rows[${len(TEMME[T])}] = {
% for row in TEMME[T]:
        ${polynomial.horner(T, "eta", {T: row})},
% endfor
    };
    ${T} sum = rows[${len(TEMME[T]) - 1}];
    for (int k = ${len(TEMME[T]) - 2}; k >= 0; --k) sum = sum * v + rows[k];
    sum *= sqrt(v * (${T})0.15915494309189534);
    const ${T} tail = exp(-a * lag) * ((${T})0.5 * ct_erfcx_positive(z) + (mu < 0 ? -sum : sum));
    return (mu < 0) == lower ? tail : 1 - tail;
}
CT_OVERLOAD ${T} ct_gamma_part(${T} a, ${T} x, bool lower) {
    if (!(a >= 0 && x >= 0)) return NAN;
    if (a == 0) return x > 0 ? (lower ? 1 : 0) : NAN;
    if (x == 0) return lower ? 0 : 1;
    if (a == INFINITY) return x == INFINITY ? NAN : (lower ? 0 : 1);
    if (x == INFINITY) return lower ? 1 : 0;
    if (a > 200 && fabs(x - a) < (${T})0.4 * a) return ct_gamma_uniform(a, x, lower);
    if (!lower && x <= (${T})1.1 && a <= (x > (${T})0.5 ? (${T})1.1 * x : (${T})-0.4 / log(x)))
        return ct_gamma_small(a, x);
    if (x <= 1 || x <= a) {
        const ${T} p = ct_gamma_series(a, x);
        return lower ? p : 1 - p;
    }
    const ${T} q = ct_gamma_fraction(a, x);
    return lower ? 1 - q : q;
}
CT_OVERLOAD ${T} ct_gammainc(${T} a, ${T} x) { return ct_gamma_part(a, x, true); }
CT_OVERLOAD ${T} ct_gammaincc(${T} a, ${T} x) { return ct_gamma_part(a, x, false); }
% endfor
