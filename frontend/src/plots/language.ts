// uPlot formats numbers in the browser's language, at once when it is imported. WebKitGTK calls it "C"
// where the machine has none, as in containers: that is no language, and nothing would be plotted.

try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en" });
}
