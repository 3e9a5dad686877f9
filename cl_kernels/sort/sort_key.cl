## sort_key(bits): a number of the unsigned type U that orders as the value with these bits does. NaN
## is the largest value and -0 equals 0; `descending` turns the order around. kind: that of the
## values, "f", "i", "u" or "b"; infinity: the bits of that, of floats. No kernel of its own.
<%
    width = {'uchar': 8, 'ushort': 16, 'uint': 32, 'ulong': 64}[U]
    suffix = 'UL' if width == 64 else 'U'
    sign = f'({U})0x{1 << width - 1:x}{suffix}'
%>
INLINE ${U} sort_key(const ${U} v) {
% if kind == 'f':
    /* Without a branch, which signs that change from element to element would mislead. */
    const ${U} size = v & (${U})~${sign};
    const ${U} w = v & (${U})((${U})0 - (${U})(size != 0));
    ${U} key = w ^ (${U})((${U})((${U})0 - (${U})(w >> ${width - 1})) | ${sign});
    key |= (${U})((${U})0 - (${U})(size > (${U})${infinity}${suffix}));
% elif kind == 'i':
    const ${U} key = v ^ ${sign};
% else:
    const ${U} key = v;
% endif
    return ${'(' + U + ')~key' if descending else 'key'};
}
