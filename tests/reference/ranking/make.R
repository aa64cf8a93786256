# Base R only: the formulas of the original papers, written out a second time.
given <- read.csv("decisions.csv", row.names = 1)
X <- as.matrix(given)
m <- nrow(X)
cost <- c(FALSE, FALSE, TRUE, TRUE, FALSE)
experts <- c(0.30, 0.25, 0.20, 0.15, 0.10)
out <- list()
keep <- function(method, quantity, values, names) {
  out[[length(out) + 1]] <<- data.frame(
    method = method, quantity = quantity, name = names,
    value = format(as.numeric(values), digits = 15, trim = TRUE)
  )
}

# Weights from the data.
S <- X
S[, cost] <- 1 / S[, cost]
P <- sweep(S, 2, colSums(S), "/")
e <- -colSums(P * log(P)) / log(m)
entropy <- (1 - e) / sum(1 - e)
keep("entropy", "entropy", e, colnames(X))
keep("entropy", "weight", entropy, colnames(X))
Z <- apply(X, 2, function(x) (x - min(x)) / (max(x) - min(x)))
Z[, cost] <- 1 - Z[, cost]
critic <- apply(Z, 2, sd) * colSums(1 - cor(Z))
critic <- critic / sum(critic)
keep("critic", "weight", critic, colnames(X))

# Combinations of the experts' weights with the mean of both.
data <- (entropy + critic) / 2
a <- solve(
  rbind(c(sum(experts^2), sum(experts * data)), c(sum(experts * data), sum(data^2))),
  c(sum(experts^2), sum(data^2))
)
keep("game", "coefficient", a, c("experts", "data"))
a <- abs(a) / sum(abs(a))
w <- a[1] * experts + a[2] * data
keep("game", "weight", w, colnames(X))
keep("multiplicative", "weight", experts * data / sum(experts * data), colnames(X))

# Rankings under the experts' weights.
units <- rownames(X)
w <- experts
sums <- drop(Z %*% w)
keep("weighted sum", "score", sums, units)
V <- sweep(sweep(X, 2, sqrt(colSums(X^2)), "/"), 2, w, "*")
best <- ifelse(cost, apply(V, 2, min), apply(V, 2, max))
worst <- ifelse(cost, apply(V, 2, max), apply(V, 2, min))
near <- sqrt(rowSums(sweep(V, 2, best)^2))
far <- sqrt(rowSums(sweep(V, 2, worst)^2))
topsis <- far / (near + far)
keep("TOPSIS", "distance from best", near, units)
keep("TOPSIS", "distance from worst", far, units)
keep("TOPSIS", "closeness", topsis, units)
D <- sweep(1 - Z, 2, w, "*")
Ss <- rowSums(D)
R <- apply(D, 1, max)
Q <- 0.5 * (Ss - min(Ss)) / (max(Ss) - min(Ss)) + 0.5 * (R - min(R)) / (max(R) - min(R))
keep("VIKOR", "S", Ss, units)
keep("VIKOR", "R", R, units)
keep("VIKOR", "Q", Q, units)
delta <- 1 - Z
G <- (min(delta) + 0.5 * max(delta)) / (delta + 0.5 * max(delta))
grade <- drop(G %*% w)
keep("grey relational", "grade", grade, units)

# Agreement of rankings with ties.
T <- cbind(a = c(1, 2, 2, 4, 5, 6), b = c(2, 1, 3, 3, 6, 5), c = c(6, 4, 4, 4, 1, 2))
pairs <- list(c("a", "b"), c("a", "c"), c("b", "c"))
for (p in pairs) {
  keep("agreement", "tau", cor(T[, p[1]], T[, p[2]], method = "kendall"), paste(p, collapse = "-"))
  keep("agreement", "rho", cor(T[, p[1]], T[, p[2]], method = "spearman"), paste(p, collapse = "-"))
}
ranks <- apply(T, 2, rank)
# friedman.test corrects for ties; Kendall's W is its statistic by k (n - 1).
W <- unname(friedman.test(t(ranks))$statistic) / (ncol(ranks) * (nrow(ranks) - 1))
keep("agreement", "W", W, "all")
write.csv(do.call(rbind, out), "expected.csv", row.names = FALSE)
