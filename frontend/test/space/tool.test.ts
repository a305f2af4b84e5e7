import { expect, test } from "vitest";
import type { Connection, Row, Tool as ToolNews } from "../../src/api";
import { identity } from "../../src/space/matrix";
import { Marks } from "../../src/space/marks";
import { Tool } from "../../src/space/tool";
import { take } from "../../src/store";

const NEWS: ToolNews = {
  key: "7",
  row: 7,
  device: "ProbeToTracker",
  name: "ProbeToTracker",
  from: "Probe",
  to: "Tracker",
  what: "pose",
  unit: "mm",
};
const POSE = [0, -1, 0, 12.345, 1, 0, 0, -0.001, 0, 0, 1, 99.5];

function tool(what: ToolNews["what"] = "pose"): Tool {
  return new Tool({ ...NEWS, what }, "#0a141e");
}

/** The matrix that is drawn, row by row. */
function drawn({ solids }: Tool): number[] {
  return [...(solids[0]!.actor.getMatrix() as unknown as Float64Array)];
}

/** The colour of the body's last corner. */
function bodyColour({ solids }: Tool): number[] {
  return [...(solids[0]!.data.getPointData().getScalars().getData() as Uint8Array).slice(-3)];
}

test("a tool is drawn where it was sent, as large as it shall be", () => {
  const probe = tool();
  probe.grow(20);
  probe.take("7", 1, POSE, "OK");
  expect(probe.place(identity(), "valid")).toBe(true);
  expect(probe.position()).toEqual([12.345, -0.001, 99.5]);
  expect(drawn(probe)).toEqual([0, -20, 0, 12.345, 20, 0, 0, -0.001, 0, 0, 20, 99.5, 0, 0, 0, 1]);
  expect(probe.place(identity(), "valid")).toBe(false);
  probe.dispose();
});

test("what is drawn goes along with the frame that it is given in", () => {
  const probe = tool();
  probe.take("7", 1, POSE, "");
  probe.place(Float64Array.of(1, 0, 0, 100, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1), "valid");
  // y of the tracker is z of the room, z of the tracker is -y of the room.
  expect(probe.position()).toEqual([112.345, -99.5, -0.001]);
  probe.dispose();
});

test("a tool that is missing stays where it was, pale, and says so", () => {
  const probe = tool();
  probe.take("7", 1, POSE, "OK");
  probe.place(identity(), "valid");
  expect(bodyColour(probe)).toEqual([10, 20, 30]);
  probe.take("7", 2, Array(12).fill(null), "MISSING");
  expect(probe.place(identity(), "doubtful")).toBe(true);
  expect(probe.position()).toEqual([12.345, -0.001, 99.5]);
  // 80 % of the way from (10, 20, 30) to grey.
  expect(bodyColour(probe)).toEqual([104, 109, 116]);
  expect(probe.labels()[0]!.text).toBe("Probe (missing)");
  probe.take("7", 3, POSE, "OK");
  probe.place(identity(), "valid");
  expect(probe.labels()[0]!.text).toBe("Probe");
  probe.dispose();
});

test("a silent tool and one that depends on doubtful poses say so", () => {
  const probe = tool();
  probe.take("7", 1, POSE, "OK");
  probe.place(identity(), "doubtful");
  expect(probe.doubt()).toBe("doubtful");
  probe.sources.setRows(new Map([[7, { state: "silent" } as Row]]), false);
  probe.place(identity(), "valid");
  expect(probe.doubt()).toBe("silent");
  probe.dispose();
});

test("numbers that are no pose are said, whatever their status", () => {
  const probe = tool();
  probe.take("7", 1, POSE, "OK");
  for (const broken of [[...POSE.slice(0, 11), NaN], Array(12).fill(null), Array(12).fill(0)]) {
    probe.take("7", 2, broken, "OK");
    probe.place(identity(), "valid");
    expect(probe.position()).toEqual([12.345, -0.001, 99.5]);
    expect(probe.labels()[0]!.text).toBe("Probe (invalid)");
  }
  probe.dispose();
});

test("devices of several servers are named with these", () => {
  const probe = tool();
  probe.sources.add({ ...NEWS, key: "8", row: 8 });
  const say = (connection: number) => {
    const connections = [{ id: 0, endpoint: "a:1" }, { id: 1, endpoint: "b:2" }] as Connection[];
    const rows = [{ id: 7, connection: 0 }, { id: 8, connection }] as Row[];
    take({ kind: "board", time: 1, complete: true, connections, rows });
  };
  say(0);
  expect(probe.sources.devices).toEqual(["ProbeToTracker"]);
  say(1);
  expect(probe.sources.devices).toEqual(["ProbeToTracker of a:1", "ProbeToTracker of b:2"]);
  say(0);
  probe.dispose();
});

test("of several devices the newest pose is drawn, and who says otherwise is named", () => {
  const probe = tool();
  probe.sources.add({ ...NEWS, key: "8:Probe", row: 8, device: "Polaris" });
  const moved = [...POSE];
  moved[3]! += 7;
  probe.take("7", 1, POSE, "OK");
  expect(probe.sources.quarrel()).toBe("");
  probe.take("8:Probe", 1, moved, "OK");
  probe.place(identity(), "valid");
  expect(probe.position()[0]).toBe(POSE[3]! + 7);
  expect(probe.sources.quarrel()).toBe("Polaris and ProbeToTracker");
  // 7 mm in 10 ms is how a hand moves.
  probe.take("8:Probe", 1.01, moved, "OK");
  expect(probe.sources.quarrel()).toBe("");
  // Turned by half a turn, at the same place.
  probe.take("8:Probe", 1, [0, 1, 0, POSE[3]!, -1, 0, 0, POSE[7]!, 0, 0, 1, POSE[11]!], "OK");
  expect(probe.sources.quarrel()).toBe("Polaris and ProbeToTracker");
  probe.sources.setRows(new Map([[7, { state: "silent" } as Row]]), false);
  expect(probe.sources.quarrel()).toBe("");
  expect(probe.isTrusted).toBe(true);
  probe.dispose();
});

test("its trail goes on only while it is well", () => {
  const probe = tool();
  const go = (time: number, x: number, status = "OK") => {
    probe.take("7", time, [1, 0, 0, x, 0, 1, 0, 0, 0, 0, 1, 0], status);
    probe.place(identity(), "valid");
  };
  go(10, 0);
  go(11, 5);
  go(11.5, 50, "MISSING");
  expect(probe.trail.places).toEqual([0, 0, 0, 5, 0, 0]);
  go(11.6, 20);
  expect(probe.trail.places.slice(-3)).toEqual([20, 0, 0]);
  probe.dispose();
});

test("what is called a needle has a body along -z; of others nobody knows", () => {
  const lowest = (from: string) => {
    const one = new Tool({ ...NEWS, from }, "#0a141e");
    const least = one.solids[0]!.data.getBounds()[4];
    one.dispose();
    return least;
  };
  expect(lowest("Needle")).toBeCloseTo(-1.5, 6);
  expect(lowest("StylusTip")).toBeCloseTo(-1.5, 6);
  expect(lowest("Probe")).toBeCloseTo(-0.1, 6);
});

test("what is seen through a mirror is not seen from inside", () => {
  const probe = tool();
  const faces = () => probe.solids[0]!.actor.getProperty().getFrontfaceCulling();
  probe.take("7", 1, POSE, "OK");
  probe.place(identity(), "valid");
  expect(faces()).toBe(false);
  probe.take("7", 2, POSE.map((value, i) => (i % 4 === 2 ? -value : value)), "OK");
  probe.place(identity(), "valid");
  expect(faces()).toBe(true);
  probe.dispose();
});

test("a tool without a direction is a ball", () => {
  const point = tool("point");
  const [x0, x1] = point.solids[0]!.data.getBounds();
  expect([x0, x1].map((x) => Math.round(x! * 100))).toEqual([-16, 16]);
  point.dispose();
});

test("points are balls of their diameter, and their names go along", () => {
  const marks = new Marks("points", 3, "Fiducials");
  const color: [number, number, number, number] = [1, 2, 3, 255];
  const nowhere = [NaN, 0, 0] as [number, number, number];
  marks.take({
    seq: 1,
    type: "POINT",
    device: "Fiducials",
    frame: "CT",
    points: [
      { name: "A", group: "", position: [10, 20, 30], color, diameter: 8 },
      { name: "B", group: "", position: nowhere, color, diameter: 8 },
    ],
  });
  const bounds = marks.solids[0]!.data.getBounds();
  expect([bounds[4], bounds[5]]).toEqual([26, 34]);
  marks.place(Float64Array.of(1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1));
  expect(marks.labels().map(({ text, at }) => [text, at])).toEqual([["A", [15, 20, 30]]]);
  marks.dispose();
});

test("a trajectory reaches from its entry to its target, both ends marked", () => {
  const marks = new Marks("trajectories", 3, "Plan");
  marks.take({
    seq: 1,
    type: "TRAJ",
    device: "Plan",
    frame: "CT",
    trajectories: [
      { name: "Biopsy", group: "", entry: [0, 0, 50], target: [0, 0, 0], color: [9, 9, 9, 255], diameter: 2 },
    ],
  });
  // The balls at both ends have twice the rod's radius.
  expect([...marks.solids[0]!.data.getBounds()].slice(4)).toEqual([-2, 52]);
  expect(marks.labels().map(({ text, at }) => [text, at])).toEqual([["Biopsy", [0, 0, 50]]]);
  marks.dispose();
});
