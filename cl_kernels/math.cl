## Prelude of every kernel: permissions, and the functions that a driver's own library makes slow.
% if device.fp64:
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
% endif
% if device.fp16:
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
% endif
