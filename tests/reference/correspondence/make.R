# Correspondence analysis in R: package ca (standard coordinates, masses, inertias) and
# FactoMineR (principal coordinates, contributions, squared cosines, supplementary points).
# Run here: Rscript make.R
suppressMessages({library(ca); library(FactoMineR)})

long <- function(data, quantity, values) {
  values <- as.matrix(values)
  data.frame(data = data, quantity = quantity, name = rep(rownames(values), ncol(values)),
             dimension = rep(seq_len(ncol(values)), each = nrow(values)),
             value = as.vector(values), row.names = NULL)
}
named <- function(values, names) matrix(values, ncol = 1, dimnames = list(names, NULL))

analyse <- function(data, active, whole, row.sup = NULL, col.sup = NULL) {
  fit <- ca(active)
  out <- list(
    long(data, "singular_value", named(fit$sv, rep("", length(fit$sv)))),
    long(data, "row_mass", named(fit$rowmass, fit$rownames)),
    long(data, "column_mass", named(fit$colmass, fit$colnames)),
    long(data, "row_inertia", named(fit$rowinertia, fit$rownames)),
    long(data, "column_inertia", named(fit$colinertia, fit$colnames)),
    long(data, "row_distance", named(fit$rowdist, fit$rownames)),
    long(data, "column_distance", named(fit$coldist, fit$colnames)),
    long(data, "row_standard", fit$rowcoord),
    long(data, "column_standard", fit$colcoord))
  out[[1]]$dimension <- seq_along(fit$sv)
  f <- CA(whole, ncp = min(dim(active)) - 1, row.sup = row.sup, col.sup = col.sup, graph = FALSE)
  out <- c(out, list(
    long(data, "row_principal", f$row$coord), long(data, "column_principal", f$col$coord),
    long(data, "row_contribution", f$row$contrib / 100),
    long(data, "column_contribution", f$col$contrib / 100),
    long(data, "row_cosine", f$row$cos2), long(data, "column_cosine", f$col$cos2)))
  if (!is.null(row.sup)) out <- c(out, list(
    long(data, "row_sup_principal", f$row.sup$coord), long(data, "row_sup_cosine", f$row.sup$cos2)))
  if (!is.null(col.sup)) out <- c(out, list(
    long(data, "column_sup_principal", f$col.sup$coord),
    long(data, "column_sup_cosine", f$col.sup$cos2)))
  test <- suppressWarnings(chisq.test(active))
  out <- c(out, list(
    long(data, "chi2", named(test$statistic, "")), long(data, "df", named(test$parameter, "")),
    long(data, "p_value", named(test$p.value, ""))))
  do.call(rbind, out)
}

data(smoke)
smoke <- as.matrix(smoke)
# the supplementary points of Greenacre (1984): national average, drinking or not
whole <- rbind(cbind(smoke, no_alcohol = c(0, 1, 5, 10, 7), alcohol = c(11, 17, 46, 78, 18)),
               national = c(42, 29, 20, 9, NA, NA))
whole["national", 5:6] <- 0
eyes <- apply(HairEyeColor, 1:2, sum)
result <- rbind(
  analyse("smoke", smoke, whole, row.sup = 6, col.sup = 5:6),
  analyse("hair_eye", eyes, eyes))
result$value <- format(result$value, digits = 15, trim = TRUE)
write.csv(result, "expected.csv", row.names = FALSE, quote = FALSE)
tables <- rbind(long("smoke", "count", whole), long("hair_eye", "count", eyes))
tables$column <- c(rep(colnames(whole), each = nrow(whole)), rep(colnames(eyes), each = nrow(eyes)))
write.csv(tables[c("data", "name", "column", "value")], "tables.csv", row.names = FALSE, quote = FALSE)
cat(R.version.string, "; ca", as.character(packageVersion("ca")),
    "; FactoMineR", as.character(packageVersion("FactoMineR")), "\n")
print(ca(smoke))
