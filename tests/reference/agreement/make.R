# Agreement of coders and assessors. Run here: Rscript make.R (psych 2.2.9, R 4.2.2)
suppressMessages(library(psych))
rows <- list()
put <- function(case, quantity, value) {
  rows[[length(rows) + 1]] <<- data.frame(
    case = case, quantity = quantity, value = format(value, digits = 15, trim = TRUE))
}

# Variance of kappa by the delta method: the gradient by differences, no formula of a paper.
weigh <- function(p, w) {
  e <- sum(w * outer(rowSums(p), colSums(p))) / sum(p)^2; (sum(w * p) / sum(p) - e) / (1 - e)
}
delta <- function(m, w, h = 1e-5) {
  p <- m / sum(m); g <- p * 0
  for (i in seq_along(p)) { # fourth order: exact to about 1e-12
    at <- function(s) { q <- p; q[i] <- q[i] + s * h; weigh(q, w) }
    g[i] <- (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * h)
  }
  (sum(p * g^2) - sum(p * g)^2) / sum(m)
}

# Cohen's kappa: counts of Fleiss, Cohen & Everitt (1969), and of our own.
tables <- list(
  fleiss = matrix(c(106, 10, 4, 22, 28, 10, 2, 12, 6), 3, byrow = TRUE),
  codes = matrix(c(40, 9, 6, 45), 2, byrow = TRUE),
  rare = matrix(c(80, 10, 5, 5), 2, byrow = TRUE),
  grades = matrix(c(11, 3, 1, 0, 4, 9, 5, 1, 0, 6, 12, 3, 1, 0, 2, 14), 4, byrow = TRUE))
for (name in names(tables)) {
  m <- tables[[name]]; k <- nrow(m); apart <- abs(outer(1:k, 1:k, "-")) / (k - 1)
  # psych wants disagreement weights with 0 on the diagonal, or agreement weights with 1.
  for (scheme in c("linear", "quadratic")) {
    w <- 1 - if (scheme == "linear") apart else apart^2
    out <- cohen.kappa(m, w = w, n.obs = sum(m))
    put(name, "kappa", out$kappa); put(name, "variance", out$var.kappa)
    put(name, paste0("kappa_", scheme), out$weighted.kappa)
    put(name, paste0("variance_", scheme), delta(m, w))
  }
}
own <- matrix(c(1, 0, .4444, 0, 1, .6667, .4444, .6667, 1), 3, byrow = TRUE)
out <- cohen.kappa(tables$fleiss, w = own, n.obs = 200)
put("fleiss", "kappa_own", out$weighted.kappa); put("fleiss", "variance_own", delta(tables$fleiss, own))

# Krippendorff's alpha from the definition: loops over units and over all pairs of values.
apart <- function(level, values) {
  counts <- table(values); at <- as.numeric(names(counts))
  function(a, b) switch(level,
    nominal = as.numeric(a != b),
    interval = (a - b)^2,
    ratio = ((a - b) / (a + b))^2,
    ordinal = {
      between <- counts[at >= min(a, b) & at <= max(a, b)]
      (sum(between) - (counts[at == a] + counts[at == b]) / 2)^2
    })
}
alpha <- function(data, level) { # one row a coder
  units <- lapply(seq_len(ncol(data)), function(u) data[!is.na(data[, u]), u])
  units <- units[lengths(units) > 1]; values <- unlist(units); n <- length(values)
  d <- apart(level, values); within <- 0; all <- 0
  for (u in units) for (i in seq_along(u)) for (j in seq_along(u))
    if (i != j) within <- within + d(u[i], u[j]) / (length(u) - 1)
  for (i in seq_len(n)) for (j in seq_len(n)) if (i != j) all <- all + d(values[i], values[j])
  1 - (within / n) / (all / (n * (n - 1)))
}
N <- NA
four <- rbind(c(1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N), c(1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3),
              c(N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N), c(1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N))
set.seed(3)
three <- matrix(sample(c(1, 2, 4, 7, NA), 3 * 40, TRUE, c(.3, .3, .2, .15, .05)), 3)
three[2, 1:25] <- three[1, 1:25]
for (level in c("nominal", "ordinal", "interval", "ratio")) {
  put("krippendorff", level, alpha(four, level))
  put("three", level, alpha(three, level))
}
write.csv(t(three), "three.csv", row.names = FALSE)

# Intraclass correlations: Shrout & Fleiss (1979), table 2, and two assessors of our own.
sf <- matrix(c(9, 2, 5, 8, 6, 1, 3, 2, 8, 4, 6, 8, 7, 1, 2, 6, 10, 5, 6, 9, 6, 2, 4, 7), 6,
             byrow = TRUE)
shops <- cbind(c(.72, .55, .91, .48, .66, .80, .59, .77, .83, .61),
               c(.70, .62, .88, .57, .71, .78, .69, .80, .90, .60))
for (name in c("shrout", "shops")) {
  out <- ICC(if (name == "shrout") sf else shops, lmer = FALSE)$results
  types <- c(ICC1 = "ICC(1)", ICC2 = "ICC(A,1)", ICC3 = "ICC(C,1)",
             ICC1k = "ICC(k)", ICC2k = "ICC(A,k)", ICC3k = "ICC(C,k)")
  for (i in seq_len(6)) {
    form <- types[[out$type[i]]]
    put(name, form, out$ICC[i])
    put(name, paste(form, "lower"), out[["lower bound"]][i])
    put(name, paste(form, "upper"), out[["upper bound"]][i])
  }
}
write.csv(unique(do.call(rbind, rows)), "expected.csv", row.names = FALSE)
cat(R.version.string, "psych", as.character(packageVersion("psych")), "\n")
