import { expect, test } from "vitest";
import { besides, linkLook, shortTitle } from "../../src/frame/header";
import { panelsOf, tabOf } from "../../src/frame/layout";

test("the address says which tab; anything else is the overview", () => {
  expect(tabOf("#plots")).toBe("plots");
  expect(tabOf("")).toBe("overview");
  expect(tabOf("#nonsense")).toBe("overview");
});

test("the overview shows images beside space", () => {
  expect(panelsOf("overview")).toEqual(["images", "space"]);
  expect(panelsOf("log")).toEqual(["log"]);
});

test("arrows go around the tabs", () => {
  expect(besides("overview", "ArrowRight")).toBe("images");
  expect(besides("overview", "ArrowLeft")).toBe("log");
  expect(besides("log", "ArrowRight")).toBe("overview");
  expect(besides("space", "Home")).toBe("overview");
  expect(besides("space", "End")).toBe("log");
  expect(besides("space", "a")).toBeUndefined();
});

test("the badge tells of the page's link first, then of the servers", () => {
  const up = { state: "connected" as const };
  const down = { state: "waiting" as const };
  expect(linkLook("lost", "live", [up]).text).toBe("Lost");
  expect(linkLook("lost", undefined, [], "the token is missing").text).toBe("No access");
  expect(linkLook("connecting", undefined, []).text).toBe("Connecting");
  expect(linkLook("open", "live", [up, up]).text).toBe("Connected");
  expect(linkLook("open", "live", [up, down])).toMatchObject({ text: "1 of 2 connected", tone: "warn" });
  expect(linkLook("open", "live", [down])).toMatchObject({ text: "Not connected", tone: "warn" });
  expect(linkLook("open", "file", [up]).text).toBe("From a file");
});

test("several servers are counted at the top; a file has whatever name", () => {
  expect(shortTitle({ title: "localhost:1", mode: "live" })).toBe("localhost:1");
  expect(shortTitle({ title: "localhost:1, localhost:2", mode: "live" })).toBe("2 servers");
  expect(shortTitle({ title: "a, b.igtlrec", mode: "file" })).toBe("a, b.igtlrec");
});
