// @vitest-environment happy-dom
import { expect, test } from "vitest";

test("plots are drawn where the browser has no language", async () => {
  Object.defineProperty(navigator, "language", { value: "C", configurable: true, writable: true });
  await expect(import("../../src/plots/chart")).resolves.toHaveProperty("Chart");
});
