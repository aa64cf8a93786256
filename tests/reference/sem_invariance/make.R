# Rscript make.R holzinger_swineford39_data.csv > expected.csv
source("../sem_lavaan/collect.R")

# fit_exactly() of collect.R knows no equal parameters. lavaan's own optimiser is held to so tight
# a tolerance that it sometimes says it found nothing; polish() then arrives.
tight <- list(rel.tol = 1e-15, x.tol = 1e-15, iter.max = 20000, eval.max = 40000)
equal <- list(
  configural = character(0),
  metric = "loadings",
  scalar = c("loadings", "intercepts"),
  strict = c("loadings", "intercepts", "residuals")
)
# From lavaan's stopping point on by Fisher scoring, in the space that the equalities leave.
polish <- function(fit, steps = 30) {
  for (step in seq_len(steps)) {
    table <- parTable(fit)
    free <- table$free > 0
    space <- diag(sum(free))
    equalities <- fit@Model@ceq.JAC
    if (nrow(equalities)) space <- qr.Q(qr(t(equalities)), complete = TRUE)[, -seq_len(nrow(equalities))]
    information <- t(space) %*% lavInspect(fit, "information.expected") %*% space
    move <- space %*% solve(information, t(space) %*% lavInspect(fit, "gradient"))
    table$est[free] <- table$est[free] - move
    table$start <- table$est
    fit <- lavaan(
      table, data = survey, group = GROUP, group.label = LABELS, likelihood = LIKELIHOOD,
      optim.method = "none", optim.force.converged = TRUE
    )
  }
  fit
}

cfa_model <- "
  visual =~ x1 + x2 + x3
  textual =~ x4 + x5 + x6
  speed =~ x7 + x8 + x9
"
second_marker <- "
  visual =~ x2 + x1 + x3
  textual =~ x5 + x4 + x6
  speed =~ x8 + x7 + x9
"
paths_model <- paste(cfa_model, "
  textual ~ visual
  speed ~ visual + textual
")
single_model <- "
  visual =~ x1 + x2 + x3
  one =~ x4
  speed =~ x7 + x8 + x9
  one ~ visual
  speed ~ one
"

estimate <- function(syntax, level, more = character(0), ...) {
  fit <- sem(
    syntax, data = survey, group = GROUP, group.label = LABELS, meanstructure = TRUE,
    group.equal = if (level == "configural") "none" else c(equal[[level]], more), likelihood = LIKELIHOOD, control = tight, ...
  )
  polish(fit)
}

tell <- function(fit, name) {
  raw <- parameterEstimates(fit)
  std <- standardizedSolution(fit)
  raw <- raw[raw$op %in% c("=~", "~", "~~", "~1"), ]
  std <- std[std$op %in% c("=~", "~", "~~", "~1"), ]
  stopifnot(raw$lhs == std$lhs, raw$op == std$op, raw$rhs == std$rhs, raw$group == std$group)
  measures <- c(
    "npar", "ntotal", "chisq", "df", "pvalue", "baseline.chisq", "baseline.df", "cfi", "tli",
    "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "srmr", "logl", "aic", "bic"
  )
  found <- unclass(fitMeasures(fit, measures))
  rbind(
    cbind(group = LABELS[raw$group], rows(
      name, "parameter", raw$lhs, raw$op, raw$rhs, raw$est, raw$se, raw$pvalue, raw$ci.lower,
      raw$ci.upper, std$est.std, std$se
    )),
    cbind(group = "", rows(name, "fit", measures, estimate = as.numeric(found[measures])))
  )
}

# Score test of each equality with a cell of another group, and the change expected in that
# cell, minus the change of the cells that stay equal, when this one equality is released.
tell_scores <- function(fit, name) {
  table <- parTable(fit)
  tested <- suppressWarnings(lavTestScore(fit))$uni
  do.call(rbind, lapply(seq_len(nrow(tested)), function(k) {
    one <- suppressWarnings(lavTestScore(fit, release = k, epc = TRUE))
    first <- which(table$plabel == tested$lhs[k])
    second <- which(table$plabel == tested$rhs[k])
    epc <- function(row) one$epc$epc[one$epc$lhs == table$lhs[row] & one$epc$op == table$op[row] &
      one$epc$rhs == table$rhs[row] & one$epc$group == table$group[row]]
    cbind(group = LABELS[table$group[second]], rows(
      name, "score", table$lhs[first], table$op[first], table$rhs[first],
      estimate = tested$X2[k], p_value = tested$p.value[k], standardised = epc(second) - epc(first)
    ))
  }))
}

LIKELIHOOD <- "normal"
GROUP <- "school"
LABELS <- c("Grant-White", "Pasteur")
fits <- lapply(names(equal), function(level) estimate(cfa_model, level))
names(fits) <- names(equal)
other <- lapply(names(equal), function(level) estimate(second_marker, level))
names(other) <- names(equal)
two <- do.call(rbind, lapply(names(fits), function(l) tell(fits[[l]], paste("cfa", l))))
scores <- do.call(rbind, lapply(names(equal)[-1], function(l) {
  rbind(tell_scores(fits[[l]], paste("cfa", l)), tell_scores(other[[l]], paste("second marker", l)))
}))
paths <- do.call(rbind, lapply(c("metric", "scalar", "strict"), function(l) {
  rbind(
    tell(estimate(paths_model, l), paste("paths", l)),
    tell(estimate(paths_model, l, "regressions"), paste("equal paths", l))
  )
}))
single <- do.call(rbind, lapply(names(equal), function(l) tell(estimate(single_model, l), paste("single", l))))

LIKELIHOOD <- "wishart"
wishart <- tell(estimate(cfa_model, "scalar"), "cfa n-1 scalar")

LIKELIHOOD <- "normal"
survey <- survey[!is.na(survey$grade), ]
survey$class <- paste(survey$school, survey$grade)
GROUP <- "class"
LABELS <- c("Grant-White 7", "Grant-White 8", "Pasteur 7", "Pasteur 8")
four <- lapply(names(equal), function(level) estimate(cfa_model, level))
names(four) <- names(equal)
classes <- do.call(rbind, lapply(names(four), function(l) tell(four[[l]], paste("classes", l))))
class_scores <- do.call(rbind, lapply(c("metric", "scalar"), function(l) tell_scores(four[[l]], paste("classes", l))))

publish(two, scores, paths, single, wishart, classes, class_scores)
