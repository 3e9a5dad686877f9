## each_digit: for each element of `source`, the caller's block with its digit, the element and
## its place. digit: an expression with {} for the element. What makes digits of 16 elements is vector
## code; which of the caller's stores comes first is told by their order alone. No kernel of its own.
<%def name="each_digit(source, count, digit)">
    {
        int i = 0;
        for (; i + 16 <= ${count}; i += 16) {
            ${U} v[16];
            int digits[16];
            for (int k = 0; k < 16; ++k)
                v[k] = ${source}[i + k];
            for (int k = 0; k < 16; ++k)
                digits[k] = ${digit.format('v[k]')};
            for (int k = 0; k < 16; ++k) {
                ${caller.body('digits[k]', 'v[k]', '(i + k)')}
            }
        }
        for (; i < ${count}; ++i) {
            ${caller.body(digit.format(f'{source}[i]'), f'{source}[i]', 'i')}
        }
    }
</%def>
