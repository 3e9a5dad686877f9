## What kernels that meet a bad index note, in the region of their site (runtime/faults.py): the index
## and the size of its axis. The first stays, since a later launch may be for another size.
INLINE void note_fault(
    __global long* fault_g, const int site, const long index, const long size
) {
    __global long* noted = fault_g + 4 * site;
    if (atomic_cmpxchg((volatile __global int*)noted, 0, 1) == 0) {
        noted[1] = index;
        noted[2] = size;
    }
}
