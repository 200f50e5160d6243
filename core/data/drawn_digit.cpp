#include "core/data/drawn_digit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace harmonic {
namespace {

struct Point {
  double x = 0, y = 0;  ///< of a unit square, y downwards
};
using Stroke = std::vector<Point>;

constexpr double kRadians = std::numbers::pi / 180.0;

/// Part of an ellipse; degrees run clockwise from the right.
Stroke arc(Point centre, double rx, double ry, double from_degrees, double to_degrees) {
  constexpr int kPieces = 16;
  Stroke stroke;
  for (int i = 0; i <= kPieces; ++i) {
    const double angle = kRadians * (from_degrees + (to_degrees - from_degrees) * i / kPieces);
    stroke.push_back({centre.x + rx * std::cos(angle), centre.y + ry * std::sin(angle)});
  }
  return stroke;
}

/// Corner points joined by short straight pieces, so that they bend.
Stroke polyline(const std::vector<Point>& corners) {
  constexpr int kPieces = 6;
  Stroke stroke = {corners.front()};
  for (std::size_t i = 1; i < corners.size(); ++i)
    for (int k = 1; k <= kPieces; ++k) {
      const double part = static_cast<double>(k) / kPieces;
      stroke.push_back({corners[i - 1].x + (corners[i].x - corners[i - 1].x) * part,
                        corners[i - 1].y + (corners[i].y - corners[i - 1].y) * part});
    }
  return stroke;
}

std::vector<Stroke> skeleton(int digit) {
  switch (digit) {
    case 0:
      return {arc({0.5, 0.5}, 0.24, 0.36, 0, 360)};
    case 1:
      return {polyline({{0.38, 0.28}, {0.52, 0.14}, {0.52, 0.86}})};
    case 2:
      return {arc({0.5, 0.34}, 0.22, 0.2, 190, 400), polyline({{0.67, 0.47}, {0.27, 0.86}, {0.76, 0.86}})};
    case 3:
      return {arc({0.46, 0.32}, 0.23, 0.18, 200, 450), arc({0.46, 0.68}, 0.26, 0.18, 270, 510)};
    case 4:
      return {polyline({{0.62, 0.88}, {0.62, 0.14}, {0.24, 0.62}, {0.8, 0.62}})};
    case 5:
      return {polyline({{0.72, 0.14}, {0.35, 0.14}, {0.32, 0.46}}), arc({0.48, 0.64}, 0.24, 0.22, 230, 500)};
    case 6:
      return {arc({0.62, 0.6}, 0.33, 0.46, 265, 180), arc({0.5, 0.66}, 0.21, 0.2, 0, 360)};
    case 7:
      return {polyline({{0.25, 0.16}, {0.75, 0.16}, {0.42, 0.88}})};
    case 8:
      return {arc({0.5, 0.32}, 0.18, 0.17, 0, 360), arc({0.5, 0.68}, 0.22, 0.19, 0, 360)};
    default:
      return {arc({0.5, 0.34}, 0.21, 0.2, 0, 360), polyline({{0.71, 0.34}, {0.66, 0.88}})};
  }
}

/// How one hand bends and places the digit on one sheet. Members are drawn in the order in which they stand.
class Handwriting {
 public:
  explicit Handwriting(RandomStream& random)
      : turn_(kRadians * random.uniform(-14, 14)),
        slant_(random.uniform(-0.25, 0.25)),
        width_px_(random.uniform(19, 28)),
        height_px_(random.uniform(21, 28)),
        right_px_(random.uniform(-2, 2)),
        down_px_(random.uniform(-2, 2)),
        bend_(random.uniform(0.01, 0.05)),
        bend_phase_x_(random.uniform(0, 2 * std::numbers::pi)),
        bend_phase_y_(random.uniform(0, 2 * std::numbers::pi)) {}

  /// From the unit square to pixels.
  [[nodiscard]] Point place(Point p) const {
    const double x = p.x - 0.5 + bend_ * std::sin(7.0 * p.y + bend_phase_x_);
    const double y = p.y - 0.5 + bend_ * std::sin(7.0 * p.x + bend_phase_y_);
    const double slanted = (x - slant_ * y) * width_px_;
    const double tall = y * height_px_;
    return {kDrawnSide / 2.0 + right_px_ + slanted * std::cos(turn_) - tall * std::sin(turn_),
            kDrawnSide / 2.0 + down_px_ + slanted * std::sin(turn_) + tall * std::cos(turn_)};
  }

 private:
  double turn_, slant_, width_px_, height_px_, right_px_, down_px_, bend_, bend_phase_x_, bend_phase_y_;
};

double distance_to_piece(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length2 = dx * dx + dy * dy;
  const double along = length2 > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length2, 0.0, 1.0) : 0.0;
  const double ex = p.x - a.x - along * dx, ey = p.y - a.y - along * dy;
  return std::sqrt(ex * ex + ey * ey);
}

double distance_to(Point p, const std::vector<Stroke>& strokes) {
  double nearest = kDrawnSide;
  for (const Stroke& stroke : strokes)
    for (std::size_t i = 1; i < stroke.size(); ++i)
      nearest = std::min(nearest, distance_to_piece(p, stroke[i - 1], stroke[i]));
  return nearest;
}

/// A grey bar over the sheet, to one side of a line through it.
struct Cover {
  double nx = 0, ny = 0;  ///< unit normal of its edge
  double edge_px = 0;     ///< pixels on the far side of the edge are hidden
  double grey = 0;

  [[nodiscard]] bool hides(Point p) const {
    return (p.x - kDrawnSide / 2.0) * nx + (p.y - kDrawnSide / 2.0) * ny > edge_px;
  }
};

Cover draw_cover(RandomStream& random) {
  const double angle = random.uniform(0, 2 * std::numbers::pi);
  const double edge_px = random.uniform(-5, 0);
  return {.nx = std::cos(angle), .ny = std::sin(angle), .edge_px = edge_px, .grey = random.uniform(0.0, 0.6)};
}

}  // namespace

std::vector<std::uint8_t> draw_digit(int digit, bool is_hidden, RandomStream& random) {
  const Handwriting hand(random);
  const double half_width_px = random.uniform(0.7, 1.7);
  const double ink = random.uniform(0.65, 1.0);
  const double noise = random.uniform(0.05, 0.35);
  const Cover cover = draw_cover(random);
  auto strokes = skeleton(digit);
  for (Stroke& stroke : strokes)
    for (Point& point : stroke) point = hand.place(point);
  std::vector<std::uint8_t> pixels;
  pixels.reserve(static_cast<std::size_t>(kDrawnSide) * kDrawnSide);
  for (int row = 0; row < kDrawnSide; ++row) {
    for (int col = 0; col < kDrawnSide; ++col) {
      const Point centre{col + 0.5, row + 0.5};
      double light = ink * std::clamp(0.5 + half_width_px - distance_to(centre, strokes), 0.0, 1.0);
      if (is_hidden && cover.hides(centre)) light = cover.grey;
      light += noise * random.uniform(-1, 1);
      pixels.push_back(static_cast<std::uint8_t>(std::lround(255.0 * std::clamp(light, 0.0, 1.0))));
    }
  }
  return pixels;
}

}  // namespace harmonic
