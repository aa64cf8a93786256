# Rscript make.R holzinger_swineford39_data.csv > expected.csv
source("../sem_lavaan/collect.R")

model <- "
  visual =~ x1 + x2 + x3
  textual =~ x4 + x5 + x6
  speed =~ x7 + x8 + x9
"
scales <- list(visual = paste0("x", 1:3), textual = paste0("x", 4:6), speed = paste0("x", 7:9))

publish(
  collect(fit_exactly(model, survey), "cfa"),
  collect(fit_exactly(model, survey, likelihood = "wishart"), "cfa n-1"),
  alphas(survey, scales, "cfa"),
  describe_items(survey[paste0("x", 1:9)])
)
