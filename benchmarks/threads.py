"""One BLAS thread a process, so that two contributors can be compared with one, and with their peers."""

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
