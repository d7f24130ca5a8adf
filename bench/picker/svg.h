// Line charts as SVG: axes, a legend, nothing else.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace trunkline::bench {

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

struct Chart {
  std::string title, x_label, y_label;
  double x_min = 0, x_max = 1, y_min = 0, y_max = 1;
  std::vector<Series> series;
};

std::string ToSvg(const Chart& chart);

}  // namespace trunkline::bench
