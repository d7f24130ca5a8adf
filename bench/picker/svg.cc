#include "bench/picker/svg.h"

#include <algorithm>
#include <cstdio>

namespace trunkline::bench {
namespace {

constexpr double kWidth = 820, kHeight = 440, kLeft = 64, kRight = 190, kTop = 40, kBottom = 52;
constexpr int kTicks = 6;
constexpr const char* kColours[] = {"#d62728", "#1f77b4", "#2ca02c", "#9467bd",
                                    "#8c564b", "#ff7f0e", "#17becf", "#7f7f7f"};

template <class... Args>
std::string Format(const char* format, Args... args) {
  char text[512];
  std::snprintf(text, sizeof text, format, args...);
  return text;
}

std::string Escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '<')
      escaped += "&lt;";
    else if (c == '&')
      escaped += "&amp;";
    else
      escaped += c;
  }
  return escaped;
}

std::string Text(double x, double y, const char* anchor, const std::string& text) {
  return Format("<text x='%.1f' y='%.1f' text-anchor='%s'>", x, y, anchor) + Escape(text) +
         "</text>\n";
}

}  // namespace

std::string ToSvg(const Chart& chart) {
  const double width = kWidth - kLeft - kRight, height = kHeight - kTop - kBottom;
  const auto x_of = [&](double x) {
    return kLeft + width * (std::clamp(x, chart.x_min, chart.x_max) - chart.x_min) /
                       (chart.x_max - chart.x_min);
  };
  const auto y_of = [&](double y) {
    return kTop + height * (1 - (std::clamp(y, chart.y_min, chart.y_max) - chart.y_min) /
                                    (chart.y_max - chart.y_min));
  };
  std::string svg = Format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' "
      "font-family='sans-serif' font-size='12'>\n<rect width='100%%' height='100%%' "
      "fill='white'/>\n",
      kWidth, kHeight);
  svg += Text(kLeft, 22, "start", chart.title);
  for (int i = 0; i <= kTicks; ++i) {
    const double x = chart.x_min + (chart.x_max - chart.x_min) * i / kTicks;
    const double y = chart.y_min + (chart.y_max - chart.y_min) * i / kTicks;
    svg += Format("<path d='M%.1f %.1fH%.1f' stroke='#ddd'/>\n", kLeft, y_of(y), kLeft + width);
    svg += Text(kLeft - 6, y_of(y) + 4, "end", Format("%.4g", y));
    svg += Text(x_of(x), kTop + height + 18, "middle", Format("%.4g", x));
  }
  svg += Text(kLeft + width / 2, kHeight - 12, "middle", chart.x_label);
  svg += Text(kLeft, kTop - 6, "start", chart.y_label);
  std::size_t at = 0;
  for (const Series& series : chart.series) {
    const char* colour = kColours[at % std::size(kColours)];
    svg += Format("<polyline fill='none' stroke='%s' stroke-width='1.6' points='", colour);
    for (const auto& [x, y] : series.points) svg += Format("%.1f,%.1f ", x_of(x), y_of(y));
    svg += "'/>\n";
    const double y = kTop + 14 + 20 * static_cast<double>(at++);
    svg += Format("<path d='M%.1f %.1fh18' stroke='%s' stroke-width='3'/>\n", kLeft + width + 12,
                  y - 4, colour);
    svg += Text(kLeft + width + 36, y, "start", series.name);
  }
  return svg + "</svg>\n";
}

}  // namespace trunkline::bench
