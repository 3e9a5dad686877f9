## horner(variable, coefficients): a polynomial, from the constant term on. No kernel of its own.
<%def name="horner(variable, coefficients)"><%
    *others, text = coefficients.split()
    for c in reversed(others):
        text = f"({text} * {variable} + {c})"
    return text
%></%def>
