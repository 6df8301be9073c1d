"""An old script: the linear-regression walkthrough as one wrote it for the original RDF, with its spellings.

    python examples/linear_regression/rdf_style.py

The profit of a food truck over the population of its city, by gradient descent: an intercept and a
slope. Only the data are made up here, from a seed. Today's way to write the same is in fit.py.
"""

import numpy as np

import ravop as R

R.initialize(ravenverse_token="any; a server on this machine asks for none")
algorithm = R.Graph(name="lin_reg", algorithm="linear_regression", approach="distributed")


class LinearRegression:
    """x_points has the column of ones."""

    def __init__(self, x_points, y_points, theta):
        self.X = R.t(x_points)
        self.y = R.t(y_points)
        self.theta = R.t(theta)
        self.m = R.Scalar(len(y_points))

    def compute_cost(self):
        """Half the mean square of the residuals."""
        residual = self.X.dot(self.theta).sub(self.y)
        squares = R.transpose(residual).dot(residual)
        return R.div(squares, R.multiplication(self.m, R.Scalar(2)))

    def gradient_descent(self, alpha, num_iters):
        """Theta is fetched after every step and goes into the next one as a new tensor."""
        alpha = R.Scalar(alpha)
        for i in range(num_iters):
            print("Iteration :", i)
            residual = self.X.dot(self.theta).sub(self.y)
            gradient = self.X.transpose().dot(residual)
            temp = self.theta.sub(gradient.mul(alpha).div(self.m))
            self.theta = R.t(temp())
        intercept, slope = self.theta()
        print(f"Theta found by gradient descent: intercept={intercept}, slope={slope}")
        return self.theta


def trucks(seed=97):
    """97 cities: population in 10,000s behind a column of ones, and profit in 10,000s."""
    rng = np.random.default_rng(seed)
    population = 5 + rng.exponential(3.5, size=(97, 1))
    profit = 1.2 * population - 4 + rng.normal(scale=3, size=(97, 1))
    return np.hstack([np.ones((97, 1)), population]), profit


x, y = trucks()
model = LinearRegression(x, y, np.zeros((2, 1)))
print("Cost before :", model.compute_cost()())
theta = model.gradient_descent(alpha=0.01, num_iters=5)
print("Cost after :", model.compute_cost()())

expected = np.zeros((2, 1))
for _ in range(5):
    expected = expected - x.T @ (x @ expected - y) * 0.01 / 97
print("Largest difference from NumPy :", np.abs(theta() - expected).max())
print("Progress :", algorithm.progress, algorithm.get_op_stats())
print(algorithm.end())
