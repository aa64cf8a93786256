# Factor analysis in R on two data sets. Run here: Rscript make.R
library(psych); library(GPArotation)

# 145 pupils, 24 tests (Holzinger & Swineford 1939; Harman 1976), their correlations.
harman <- Harman74.cor$cov
# Our own numbers: 240 answers to nine questions on a scale of seven, three correlated factors.
set.seed(20261123)
between <- matrix(c(1, .4, .3, .4, 1, .2, .3, .2, 1), 3)
factors <- matrix(rnorm(240 * 3), 240) %*% chol(between)
strength <- c(.85, .75, .65, .8, .7, .6, .9, .6, .5)
items <- sapply(1:9, function(j) {
  x <- strength[j] * factors[, (j + 2) %/% 3] + sqrt(1 - strength[j]^2) * rnorm(240)
  pmin(pmax(round(4 + 1.3 * x), 1), 7)
})
colnames(items) <- paste0("Q", 1:9)

# psych's own minres stops at about four digits; the same objective, searched to its end.
minres <- function(R, m) {
  f <- function(psi) {
    e <- eigen(R - diag(psi), symmetric = TRUE)
    sum(e$values[-(1:m)]^2) / 2
  }
  g <- function(psi) {
    e <- eigen(R - diag(psi), symmetric = TRUE)
    rest <- e$vectors[, -(1:m), drop = FALSE]
    -as.vector(rest^2 %*% e$values[-(1:m)])
  }
  start <- 1 / diag(solve(R))
  psi <- optim(start, f, g, method = "L-BFGS-B", lower = .005, upper = 1,
               control = list(factr = 0, pgtol = 1e-11, maxit = 10000))$par
  e <- eigen(R - diag(psi), symmetric = TRUE)
  L <- e$vectors[, 1:m, drop = FALSE] %*% diag(sqrt(e$values[1:m]), m)
  list(loadings = L, psi = psi)
}

arrange <- function(L, Phi) {
  s <- ifelse(colSums(L) < 0, -1, 1)
  L <- L %*% diag(s); Phi <- diag(s) %*% Phi %*% diag(s)
  o <- order(diag(Phi %*% t(L) %*% L), decreasing = TRUE)
  list(L = L[, o], Phi = Phi[o, o])
}

rotations <- function(L) {
  v <- varimax(L, eps = 1e-15)$loadings
  ob <- oblimin(L, eps = 1e-7, maxit = 3000)
  pm <- stats::promax(v, m = 4)
  turn <- solve(pm$rotmat)
  list(varimax = arrange(unclass(v), diag(ncol(L))),
       oblimin = arrange(ob$loadings, ob$Phi),
       promax = arrange(unclass(pm$loadings), turn %*% t(turn)))
}

out <- data.frame()
put <- function(data, what, values) {
  values <- as.vector(t(values)) # row by row
  out <<- rbind(out, data.frame(data = data, quantity = what, place = seq_along(values),
                                value = format(values, digits = 12, trim = TRUE)))
}
study <- function(data, R, n, m) {
  k <- KMO(R); b <- cortest.bartlett(R, n)
  put(data, "kmo", k$MSA); put(data, "msa", k$MSAi)
  put(data, "bartlett", c(b$chisq, b$p.value, b$df))
  put(data, "smc", smc(R))
  put(data, "component", eigen(R)$values)
  S <- R; diag(S) <- smc(R); put(data, "factor", eigen(S)$values)
  exact <- minres(R, m)
  put(data, "minres:psi", exact$psi)
  for (r in names(rotations(exact$loadings))) {
    a <- rotations(exact$loadings)[[r]]
    put(data, paste("minres", r, "loadings", sep = ":"), a$L)
    put(data, paste("minres", r, "between", sep = ":"), a$Phi)
    put(data, paste("minres", r, "regression", sep = ":"), solve(R, a$L %*% a$Phi))
    U <- diag(1 / exact$psi)
    put(data, paste("minres", r, "bartlett", sep = ":"),
        U %*% a$L %*% solve(t(a$L) %*% U %*% a$L))
  }
  loose <- fa(R, m, n.obs = n, fm = "minres", rotate = "oblimin", eps = 1e-7, maxit = 3000)
  put(data, "psych minres:oblimin:loadings", unclass(loose$loadings))
  put(data, "psych minres:oblimin:between", loose$Phi)
  put(data, "psych minres:oblimin:explained", loose$Vaccounted[1, ])
  put(data, "psych minres:oblimin:weights", loose$weights)
  pa <- fa(R, m, n.obs = n, fm = "pa", rotate = "varimax", eps = 1e-15,
           min.err = 1e-13, max.iter = 100000)
  put(data, "psych principal axis:varimax:loadings", unclass(pa$loadings))
  put(data, "psych principal axis:communality", pa$communality)
  ml <- factanal(covmat = R, factors = m, n.obs = n, rotation = "none",
                 control = list(opt = list(factr = 0, pgtol = 1e-11, maxit = 10000)))
  put(data, "factanal ml:psi", ml$uniquenesses)
  put(data, "factanal ml:fit", c(ml$STATISTIC, ml$PVAL, ml$dof))
  a <- rotations(unclass(ml$loadings))$varimax
  put(data, "factanal ml:varimax:loadings", a$L)
}
study("harman", harman, 145, 4)
study("items", cor(items), nrow(items), 3)
set.seed(1)
random <- fa.parallel(items, fm = "minres", fa = "both", SMC = TRUE, n.iter = 1000,
                      sim = TRUE, plot = FALSE, quant = .95)
# The simulated columns alone, without the resampled ones that psych joins to them.
put("items", "random component", apply(random$values[, grep("^CSim", colnames(random$values))],
                                       2, quantile, .95))
put("items", "random factor", apply(random$values[, grep("^Fsim|^FSim", colnames(random$values))],
                                    2, quantile, .95))
write.csv(out, "expected.csv", row.names = FALSE, quote = FALSE)
write.csv(items, "items.csv", row.names = FALSE, quote = FALSE)
write.csv(format(harman, digits = 15), "harman.csv", quote = FALSE)
cat(R.version.string, as.character(packageVersion("psych")),
    as.character(packageVersion("GPArotation")), "\n")
