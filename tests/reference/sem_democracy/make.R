# Rscript make.R pd_data.csv > expected.csv
source("../sem_lavaan/collect.R")

model <- "
  ind60 =~ x1 + x2 + x3
  dem60 =~ y1 + y2 + y3 + y4
  dem65 =~ y5 + y6 + y7 + y8
  dem60 ~ a*ind60
  dem65 ~ c*ind60 + b*dem60
  y1 ~~ y5
  y2 ~~ y4
  y2 ~~ y6
  y3 ~~ y7
  y4 ~~ y8
  y6 ~~ y8
  ind60_dem65_indirect := a*b
  ind60_dem65_total := c + a*b
"

publish(collect(fit_exactly(model, survey), "democracy"))
