"""OpenBLAS's single-precision matrix products through ctypes, without numpy."""

import ctypes

from sample import fail, leave_with_parent, options

try:
    library = ctypes.CDLL(options["blas"])
except OSError as error:
    fail(f"OpenBLAS does not load ({error}): install the Debian package libopenblas0-openmp")
leave_with_parent()
library.openblas_set_num_threads(options["threads"])
library.openblas_get_corename.restype = ctypes.c_char_p
note = f"{library.openblas_get_corename().decode()} kernels, {options['threads']} threads"

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112
one, zero = ctypes.c_float(1), ctypes.c_float(0)
integer, pointer = ctypes.c_int, ctypes.c_void_p
sgemm, sgemv = library.cblas_sgemm, library.cblas_sgemv
for function in (sgemm, sgemv):
    # Without argument types ctypes passes the ready-made objects below as they are, which is the fastest it can do.
    function.restype = None


def aligned(size, data=None):
    """Address of `size` float32 numbers that starts a cache line, and what keeps them alive."""
    buffer = ctypes.create_string_buffer(4 * size + 64)
    address = -(-ctypes.addressof(buffer) // 64) * 64
    # Ordinary numbers: a processor may be slower, or faster, with zeros.
    ctypes.memmove(address, bytes(data) if data is not None else (b"\x00\x00\x80\x3e\x00\x00\x40\xbf" * (size // 2 + 1))[: 4 * size], 4 * size)
    return pointer(address), buffer


def product(m, k, n, transpose_a, transpose_b, a, b, c):
    """The arguments of C[m, n] = op(A)[m, k] op(B)[k, n], all row-major; an empty product of the same form has m = 0."""
    lda, ldb = (m if transpose_a else k), (k if transpose_b else n)
    ops = (integer(TRANSPOSED if transpose_a else PLAIN), integer(TRANSPOSED if transpose_b else PLAIN))
    sizes = (integer(n), integer(k), one, a, integer(max(lda, 1)), b, integer(max(ldb, 1)), zero, c, integer(n))
    return (integer(ROW_MAJOR), *ops, integer(m), *sizes), (integer(ROW_MAJOR), *ops, integer(0), *sizes)


def vector_product(m, k, n, transpose_a, transpose_b, a, b, c):
    """The same as a product of matrix and vector, when m or n is 1; `None` otherwise."""
    if n == 1:
        matrix, vector, rows, columns, transposed = a, b, (k if transpose_a else m), (m if transpose_a else k), transpose_a
    elif m == 1:
        matrix, vector, rows, columns, transposed = b, a, (n if transpose_b else k), (k if transpose_b else n), not transpose_b
    else:
        return None
    step = integer(1)
    head = (integer(ROW_MAJOR), integer(TRANSPOSED if transposed else PLAIN))
    tail = (integer(columns), one, matrix, integer(columns), vector, step, zero, c, step)
    return (*head, integer(rows), *tail), (*head, integer(0), *tail)
