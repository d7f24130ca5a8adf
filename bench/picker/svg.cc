#include "bench/picker/svg.h"

#include <cstdio>

namespace trunkline::bench {
namespace {

constexpr double kWidth = 820, kHeight = 440, kLeft = 64, kRight = 190, kTop = 40, kBottom = 52;
constexpr int kTicksX = 6, kTicksY = 5;
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
    return kLeft + width * (x - chart.x_min) / (chart.x_max - chart.x_min);
  };
  const auto y_of = [&](double y) {
    return kTop + height * (1 - (y - chart.y_min) / (chart.y_max - chart.y_min));
  };
  std::string svg = Format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' "
      "font-family='sans-serif' font-size='12'>\n<rect width='100%%' height='100%%' "
      "fill='white'/>\n",
      kWidth, kHeight);
  svg += Text(kLeft, 22, "start", chart.title);
  for (int i = 0; i <= kTicksX; ++i) {
    const double x = chart.x_min + (chart.x_max - chart.x_min) * i / kTicksX;
    svg += Text(x_of(x), kTop + height + 18, "middle", Format("%.4g", x));
  }
  for (int i = 0; i <= kTicksY; ++i) {
    const double y = chart.y_min + (chart.y_max - chart.y_min) * i / kTicksY;
    svg += Format("<path d='M%.1f %.1fH%.1f' stroke='#ddd'/>\n", kLeft, y_of(y), kLeft + width);
    svg += Text(kLeft - 6, y_of(y) + 4, "end", Format("%.4g", y));
  }
  svg += Text(kLeft + width / 2, kHeight - 12, "middle", chart.x_label);
  svg += Text(kLeft, kTop - 6, "start", chart.y_label);
  std::size_t at = 0;
  for (const Series& series : chart.series) {
    const char* colour = kColours[at % std::size(kColours)];
    // What lies outside is left out: a line along the edge would say something else.
    std::string line;
    bool inside = false;
    for (const auto& [x, y] : series.points) {
      const bool before = inside;
      inside = x >= chart.x_min && x <= chart.x_max && y >= chart.y_min && y <= chart.y_max;
      if (inside) line += Format("%s%.1f %.1f", before ? "L" : "M", x_of(x), y_of(y));
    }
    svg += Format("<path fill='none' stroke='%s' stroke-width='1.6' d='", colour) + line + "'/>\n";
    const double y = kTop + 14 + 20 * static_cast<double>(at++);
    svg += Format("<path d='M%.1f %.1fh18' stroke='%s' stroke-width='3'/>\n", kLeft + width + 12,
                  y - 4, colour);
    svg += Text(kLeft + width + 36, y, "start", series.name + (line.empty() ? " (outside)" : ""));
  }
  return svg + "</svg>\n";
}

}  // namespace trunkline::bench
