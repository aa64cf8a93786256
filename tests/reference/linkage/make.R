# Fellegi-Sunter weights, and the probability that a record is one customer or none,
# computed pair by pair in base R. Distances: utils::adist counts single-letter edits.
options(digits = 15, scipen = 100)
read <- function(file) read.csv(file, colClasses = "character", na.strings = "", encoding = "UTF-8")
records <- read("records.csv"); customers <- read("customers.csv"); levels <- read("levels.csv")
levels$weight <- log2(as.numeric(levels$m) / as.numeric(levels$u))
han <- function(x) grepl("[\u4e00-\u9fff]", x)
edits <- function(a, b) as.integer(adist(a, b))
name_level <- function(a, b) {
  if (is.na(a) || is.na(b) || han(a) != han(b)) return(NA)
  if (a == b) return("equal")
  x <- strsplit(a, " ")[[1]]; y <- strsplit(b, " ")[[1]]
  shared <- intersect(x, y)
  if (length(shared) == 0) return("other")
  # In these data a name is near when what is not shared differs by one edit.
  if (!han(a) && edits(paste(setdiff(x, shared), collapse = " "),
                       paste(setdiff(y, shared), collapse = " ")) <= 1) return("near")
  "one part equal"
}
plain <- function(a, b, near) {
  if (is.na(a) || is.na(b)) return(NA)
  if (a == b) return("equal")
  if (near(a, b)) "near" else "other"
}
local <- function(x) sub("@.*", "", x)
level <- list(
  name = name_level,
  email = function(a, b) plain(a, b, function(a, b) local(a) == local(b)),
  phone = function(a, b) plain(a, b, function(a, b) edits(a, b) == 1),
  postcode = function(a, b) plain(a, b, function(a, b) substr(a, 1, 3) == substr(b, 1, 3)),
  birth_year = function(a, b) plain(a, b, function(a, b) abs(as.integer(a) - as.integer(b)) == 1)
)
pairs <- expand.grid(customer = seq_len(nrow(customers)), record = seq_len(nrow(records)))
pairs$weight <- mapply(function(r, c) {
  total <- 0
  for (k in names(level)) {
    found <- level[[k]](records[r, k], customers[c, k])
    if (!is.na(found)) total <- total + levels$weight[levels$comparison == k & levels$level == found]
  }
  total
}, pairs$record, pairs$customer)
pairs <- pairs[pairs$weight > 0, ]
# One customer or none: EM for the share of records that are customers, uniform prior.
ratio <- 2^pairs$weight / nrow(customers)
total <- tapply(ratio, factor(pairs$record, seq_len(nrow(records))), sum); total[is.na(total)] <- 0
share <- 0.5
for (k in 1:100000) share <- (sum(share * total / (1 - share + share * total)) + 1) / (nrow(records) + 2)
pairs$probability <- share * ratio / (1 - share + share * total[pairs$record])
out <- data.frame(left = pairs$record - 1, right = pairs$customer - 1, weight = pairs$weight,
                  probability = as.numeric(pairs$probability), share = share)
write.csv(out, "expected.csv", row.names = FALSE)
