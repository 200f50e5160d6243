#include <iostream>

int main() {
  std::cout << "harmonic\n";
  return 0;
}
