"""The five-line script: two vectors, added by whoever contributes."""

import ravop as R

a = R.t([1, 2, 3])
b = R.t([5, 22, 7])
c = a + b
print("c:", c())
