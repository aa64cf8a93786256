# Latent interactions by double mean-centred product indicators: lavaan and semTools.
suppressMessages({library(lavaan); library(semTools)})

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 1) stop("usage: Rscript make.R mobi.csv > expected.csv")
survey <- read.csv(arguments[1])
satisfaction <- c("CUSA1", "CUSA2", "CUSA3")
loyalty <- c("CUSL1", "CUSL3")

# What acts on loyalty, in standard deviations of the factors (Wen, Marsh & Hau, 2010).
EFFECTS <- "
  vl := b1^2*v1 + b2^2*v2 + b3^2*v3 + 2*b1*b2*c12 + 2*b1*b3*c13 + 2*b2*b3*c23 + rest
  effect_s := b1*sqrt(v1)/sqrt(vl)
  effect_m := b2*sqrt(v2)/sqrt(vl)
  effect_sm := b3*sqrt(v1)*sqrt(v2)/sqrt(vl)"
SQUARE <- "
  vl := b1^2*v1 + b3^2*v3 + 2*b1*b3*c13 + rest
  effect_s := b1*sqrt(v1)/sqrt(vl)
  effect_sm := b3*v1/sqrt(vl)"

measure <- function(name, items, letter) {
  labels <- c("", paste0(letter, seq_along(items)[-1], "*"))[seq_along(items)]
  paste(name, "=~", paste0(labels, items, collapse = " + "))
}

write_model <- function(moderator, products, ties, square = FALSE) {
  single <- length(moderator) == 1
  lines <- c(
    measure("S", satisfaction, "s"), measure("SM", products, "p"), measure("L", loyalty, "l"),
    "S ~~ v1*S", "SM ~~ v3*SM", "S ~~ c13*SM", "L ~~ rest*L"
  )
  if (square) return(paste(c(lines, "L ~ b1*S + b3*SM", ties, SQUARE), collapse = "\n"))
  lines <- c(
    lines, measure("M", moderator, "m"), if (single) paste(moderator, "~~ 0*", moderator),
    "M ~~ v2*M", "S ~~ c12*M", "M ~~ c23*SM", "L ~ b1*S + b2*M + b3*SM", ties, EFFECTS
  )
  paste(lines, collapse = "\n")
}

# lavaan stops at a gradient of about 1e-6. Fisher scoring in the parameters that are not tied
# goes on to the optimum; tied loadings are filled in from the others. Standard errors come
# from lavaan with the ties as its own constraints.
polish <- function(syntax, data, ties, steps = 60) {
  start <- sem(syntax, data)
  table <- parTable(start)
  free <- which(table$free > 0)
  label <- table$label[free]
  tied <- match(names(ties), label)
  value <- fill(table$est[free], label, ties)
  kept <- setdiff(seq_along(value), tied)
  for (step in seq_len(steps)) {
    at <- fixed_at(table, free, value, data)
    jacobian <- diag(length(value))
    for (k in seq_along(ties)) {
      parts <- match(ties[[k]], label)
      jacobian[tied[k], ] <- 0
      for (place in seq_along(parts)) {
        jacobian[tied[k], parts[place]] <- jacobian[tied[k], parts[place]] +
          prod(value[parts[-place]])
      }
    }
    jacobian <- jacobian[, kept, drop = FALSE]
    slope <- crossprod(jacobian, as.numeric(lavInspect(at, "gradient")))
    curve <- crossprod(jacobian, lavInspect(at, "information.expected") %*% jacobian)
    move <- solve(curve, slope)
    for (share in 0.5^(0:12)) {
      trial <- value
      trial[kept] <- value[kept] - share * move
      trial <- fill(trial, label, ties)
      if (misfit(fixed_at(table, free, trial, data)) <= misfit(at) + 1e-12) break
    }
    value <- trial
  }
  list(value = value, slope = max(abs(slope)))
}

misfit <- function(fit) {
  implied <- unclass(fitted(fit)$cov)
  observed <- unclass(lavInspect(fit, "sampstat")$cov)
  if (min(eigen(implied, symmetric = TRUE, only.values = TRUE)$values) <= 0) return(Inf)
  as.numeric(determinant(implied)$modulus) + sum(diag(solve(implied, observed)))
}

fill <- function(value, label, ties) {
  for (k in names(ties)) value[match(k, label)] <- prod(value[match(ties[[k]], label)])
  value
}

fixed_at <- function(table, free, value, data, ...) {
  table$est[free] <- value
  table$start <- table$est
  sem(table, data, optim.method = "none", optim.force.converged = TRUE,
    check.gradient = FALSE, ...)
}

rows <- function(name, moderator, products, ties = list(), square = FALSE) {
  written <- vapply(names(ties), function(k) paste(k, "==", paste(ties[[k]], collapse = "*")), "")
  data <- cbind(survey, product_data(products))
  found <- polish(write_model(moderator, products$names, NULL, square), data, ties)
  # the same model with the ties written into it, evaluated at the optimum
  table <- parTable(sem(write_model(moderator, products$names, written, square), data,
    do.fit = FALSE))
  fit <- fixed_at(table, which(table$free > 0), found$value, data, se = "robust.sem",
    test = "standard")
  raw <- parameterEstimates(fit)
  raw <- raw[raw$op %in% c("=~", "~", "~~", ":="), ]
  measures <- fitMeasures(fit, c("chisq", "df"))
  rbind(
    data.frame(model = name, left = raw$lhs, op = raw$op, right = raw$rhs, estimate = raw$est,
      se = raw$se),
    data.frame(model = name, left = names(measures), op = "", right = "",
      estimate = as.numeric(measures), se = NA),
    data.frame(model = name, left = "largest_gradient", op = "", right = "",
      estimate = found$slope, se = NA)
  )
}

# indProd() pairs first with first (match = TRUE); for one item on a side, all pairs.
product_data <- function(products) {
  made <- indProd(survey[unique(c(products$first, products$second))], products$first,
    products$second, match = products$match, meanC = TRUE, doubleMC = TRUE)
  made[products$names]
}
pair <- function(first, second, match) {
  list(first = first, second = second, match = match, names = if (match) {
    paste(first, second, sep = ".")
  } else {
    as.vector(t(outer(first, second, paste, sep = ".")))
  })
}
square_data <- pair(satisfaction, satisfaction, TRUE)

image <- c("IMAG3", "IMAG4", "IMAG5")
price <- c("PERV2", "PERV1")
table <- rbind(
  rows("service free", "PERQ3", pair(satisfaction, "PERQ3", FALSE)),
  rows("service tied", "PERQ3", pair(satisfaction, "PERQ3", FALSE), list(p2 = "s2", p3 = "s3")),
  rows("innovation free", "IMAG5", pair(satisfaction, "IMAG5", FALSE)),
  rows("innovation tied", "IMAG5", pair(satisfaction, "IMAG5", FALSE),
    list(p2 = "s2", p3 = "s3")),
  rows("image free", image, pair(satisfaction, image, TRUE)),
  rows("image tied", image, pair(satisfaction, image, TRUE),
    list(p2 = c("s2", "m2"), p3 = c("s3", "m3"))),
  rows("squared free", NULL, square_data, square = TRUE),
  rows("squared tied", NULL, square_data, list(p2 = c("s2", "s2"), p3 = c("s3", "s3")),
    square = TRUE)
)
# two items: the best two of satisfaction, in the order of their reliability
satisfaction <- c("CUSA3", "CUSA2", "CUSA1")
table <- rbind(table, rows("price free", price, pair(satisfaction[1:2], price, TRUE)))
table[c("estimate", "se")] <- lapply(table[c("estimate", "se")], function(x) {
  ifelse(is.na(x), "", sprintf("%.12g", x))
})
write.csv(table, stdout(), row.names = FALSE, quote = FALSE)
