# Rscript make.R holzinger.csv mobi.csv > expected.csv
# Reliability, discriminant validity and common method variance by psych, semTools, lavaan
# and boot: long table (data, what, first, second, value).
suppressMessages({
  library(lavaan)
  library(psych)
  library(semTools)
})
arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("usage: Rscript make.R holzinger.csv mobi.csv > expected.csv")
holzinger <- read.csv(arguments[1])
mobi <- read.csv(arguments[2])
items <- paste0("x", 1:9)
stopifnot(all.equal(
  as.matrix(holzinger[items]), as.matrix(HolzingerSwineford1939[items]), check.attributes = FALSE
))

scales <- list(
  holzinger = list(visual = items[1:3], textual = items[4:6], speed = items[7:9]),
  mobi = list(
    image = paste0("IMAG", 1:5), expectation = paste0("CUEX", 1:3), quality = paste0("PERQ", 1:7),
    value = paste0("PERV", 1:2), satisfaction = paste0("CUSA", 1:3), loyalty = paste0("CUSL", 1:3)
  )
)
surveys <- list(holzinger = holzinger, mobi = mobi)
found <- data.frame()
say <- function(data, what, first, second = "", value) {
  found <<- rbind(found, data.frame(data, what, first, second, value = as.numeric(value)))
}
syntax <- function(constructs) {
  paste(sapply(names(constructs), function(name) {
    paste(name, "=~", paste(constructs[[name]], collapse = " + "))
  }), collapse = "\n")
}

# Fisher scoring with lavaan's own gradient and information goes on to the optimum.
fit_exactly <- function(syntax, data, steps = 60, ...) {
  fit <- lavaan::sem(syntax, data, ...)
  for (step in seq_len(steps)) {
    table <- parTable(fit)
    free <- table$free > 0
    move <- solve(lavInspect(fit, "information.expected"), lavInspect(fit, "gradient"))
    table$est[free] <- table$est[free] - move[table$free[free]]
    table$start <- table$est
    fit <- lavaan::sem(table, data, optim.method = "none", optim.force.converged = TRUE, ...)
  }
  fit
}

# Reliability ------------------------------------------------------------------------------
for (set in names(scales)) {
  n <- nrow(surveys[[set]])
  for (name in names(scales[[set]])) {
    chosen <- surveys[[set]][scales[[set]][[name]]]
    k <- ncol(chosen)
    alpha <- suppressWarnings(psych::alpha(chosen, warnings = FALSE))
    for (level in c(.95, .90)) {
      feldt <- alpha.ci(alpha$total$raw_alpha, n, k, p.val = 1 - level)
      say(set, paste("feldt lower", level), name, "", feldt$lower.ci)
      say(set, paste("feldt upper", level), name, "", feldt$upper.ci)
    }
    bonett <- 1 - exp(
      log(1 - alpha$total$raw_alpha) + c(1, -1) * qnorm(.975) * sqrt(2 * k / ((k - 1) * (n - 2)))
    )
    say(set, "bonett lower 0.95", name, "", bonett[1])
    say(set, "bonett upper 0.95", name, "", bonett[2])
    if (k == 2) {
      say(set, "spearman brown", name, "", 2 * cor(chosen)[1, 2] / (1 + cor(chosen)[1, 2]))
      next
    }
    for (item in names(chosen)) {
      others <- setdiff(names(chosen), item)
      say(set, "item rest", name, item, alpha$item.stats[item, "r.drop"])
      say(set, "alpha if deleted", name, item, alpha$alpha.drop[item, "raw_alpha"])
    }
    labels <- paste0("l", seq_len(k))
    loadings <- paste("f =~", paste0("NA*", names(chosen), " + ", labels, "*", names(chosen), collapse = " + "))
    errors <- paste0(names(chosen), " ~~ e", seq_len(k), "*", names(chosen), collapse = "\n")
    omega <- paste0(
      "omega := (", paste(labels, collapse = " + "), ")^2 / ((", paste(labels, collapse = " + "), ")^2 + ",
      paste0("e", seq_len(k), collapse = " + "), ")"
    )
    model <- paste(loadings, "f ~~ 1*f", errors, omega, sep = "\n")
    one <- try(fit_exactly(model, chosen), silent = TRUE)
    if (inherits(one, "try-error") || any(parameterEstimates(one)$est[parameterEstimates(one)$op == "~~"] < 0)) next
    table <- parameterEstimates(one)
    say(set, "omega", name, "", table$est[table$op == ":="])
    say(set, "omega se", name, "", table$se[table$op == ":="])
  }
}

# Discriminant validity --------------------------------------------------------------------
for (set in names(scales)) {
  model <- syntax(scales[[set]])
  kinds <- list(
    htmt = htmt(model, surveys[[set]], absolute = FALSE, htmt2 = FALSE),
    "htmt of sizes" = htmt(model, surveys[[set]], absolute = TRUE, htmt2 = FALSE),
    htmt2 = htmt(model, surveys[[set]], htmt2 = TRUE)
  )
  for (kind in names(kinds)) {
    ratios <- kinds[[kind]]
    for (i in seq_len(nrow(ratios) - 1)) for (j in (i + 1):nrow(ratios)) {
      say(set, kind, colnames(ratios)[i], colnames(ratios)[j], ratios[j, i])
    }
  }
}
cfa <- fit_exactly(syntax(scales$holzinger), holzinger)
standardised <- standardizedSolution(cfa)
pairs <- standardised[standardised$op == "~~" & standardised$lhs != standardised$rhs, ]
say("holzinger", "construct correlation", pairs$lhs, pairs$rhs, pairs$est.std)
say("holzinger", "construct correlation se", pairs$lhs, pairs$rhs, pairs$se)
# The same from factors of variance 1, as Rönkkö and Cho's function does.
unit <- lavaan::cfa(syntax(scales$holzinger), data = holzinger, std.lv = TRUE)
told <- suppressMessages(discriminantValidity(unit))
say("holzinger", "discriminantValidity est", told$lhs, told$rhs, told$est)
say("holzinger", "discriminantValidity lower", told$lhs, told$rhs, told$ci.lower)
say("holzinger", "discriminantValidity upper", told$lhs, told$rhs, told$ci.upper)

# BCa intervals of HTMT by the package boot; the Monte Carlo error of 20,000 samples is left.
set.seed(1)
ratio <- function(data, rows) {
  R <- cor(data[rows, ])
  mean(R[1:3, 4:6]) / sqrt(mean(R[1:3, 1:3][lower.tri(diag(3))]) * mean(R[4:6, 4:6][lower.tri(diag(3))]))
}
for (pair in list(c("visual", "textual"), c("visual", "speed"), c("textual", "speed"))) {
  chosen <- holzinger[unlist(scales$holzinger[pair])]
  drawn <- boot::boot(chosen, ratio, R = 20000)
  bounds <- boot::boot.ci(drawn, type = "bca")$bca[4:5]
  say("holzinger", "htmt bca lower", pair[1], pair[2], bounds[1])
  say("holzinger", "htmt bca upper", pair[1], pair[2], bounds[2])
}

# Common method ----------------------------------------------------------------------------
for (set in names(scales)) {
  chosen <- surveys[[set]][unlist(scales[[set]])]
  say(set, "first component", "", "", eigen(cor(chosen))$values[1] / ncol(chosen))
  one <- fa(chosen, nfactors = 1, fm = "minres")
  say(set, "first factor", "", "", sum(one$loadings^2) / ncol(chosen))
}
single <- fit_exactly(paste("g =~", paste(items, collapse = " + ")), holzinger)
say("holzinger", "one factor chi2", "", "", fitMeasures(single, "chisq"))
say("holzinger", "one factor df", "", "", fitMeasures(single, "df"))
difference <- anova(cfa, single)
say("holzinger", "one factor difference", "", "", difference[2, "Chisq diff"])

common <- function(set, name, constructs, paths = "") {
  # Items of standard deviation 1 (divisor n, as in the normal likelihood).
  chosen <- surveys[[set]][unlist(constructs)]
  n <- nrow(chosen)
  chosen <- as.data.frame(scale(chosen) * sqrt(n / (n - 1)))
  own <- paste(syntax(constructs), paths, sep = "\n")
  without <- fit_exactly(own, chosen)
  latent <- setdiff(lavNames(without, "lv.x"), character(0))
  joint <- paste(
    own, paste("method =~", paste0("1*", unlist(constructs), collapse = " + ")),
    paste0("method ~~ 0*", latent, collapse = "\n"), sep = "\n"
  )
  with <- fit_exactly(joint, chosen, orthogonal.x = FALSE)
  table <- parameterEstimates(with)
  share <- table[table$lhs == "method" & table$op == "~~" & table$rhs == "method", ]
  say(name, "method share", "", "", share$est)
  say(name, "method share se", "", "", share$se)
  say(name, "method chi2", "", "", fitMeasures(without, "chisq") - fitMeasures(with, "chisq"))
  for (kind in c("without", "with")) {
    std <- standardizedSolution(list(without = without, with = with)[[kind]])
    std <- std[std$lhs != "method" & std$rhs != "method", ]
    rows <- std[std$op == "=~", ]
    say(name, paste("loading", kind), rows$lhs, rows$rhs, rows$est.std)
    rows <- std[std$op == "~", ]
    if (nrow(rows)) {
      say(name, paste("path", kind), rows$rhs, rows$lhs, rows$est.std)
      say(name, paste("path se", kind), rows$rhs, rows$lhs, rows$se)
    }
    rows <- std[std$op == "~~" & std$lhs != std$rhs & std$lhs %in% latent, ]
    say(name, paste("correlation", kind), rows$lhs, rows$rhs, rows$est.std)
    say(name, paste("correlation se", kind), rows$lhs, rows$rhs, rows$se)
  }
}
common("mobi", "mobi constructs", scales$mobi[c("image", "expectation", "value", "satisfaction")])
common(
  "mobi", "mobi paths", scales$mobi[c("expectation", "value", "satisfaction", "loyalty")],
  "satisfaction ~ expectation + value\nloyalty ~ satisfaction"
)

found$value <- sprintf("%.12g", found$value)
write.csv(found, stdout(), row.names = FALSE, quote = FALSE)
