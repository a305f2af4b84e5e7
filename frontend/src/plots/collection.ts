// Fills the history from the moment it is imported, whether Plots is shown or not: the page's
// first bundle imports it.

import { effect } from "@preact/signals";
import { onBoard, onJump, onPoses, onSensors, rows, tools } from "../store";
import { History } from "./history";

export const history = new History();

onPoses((samples) => history.takePoses(samples));
onSensors((samples) => history.takeSensors(samples));
onBoard((time) => history.takeBoard(time, rows.value.values()));
onJump(() => history.clear());
effect(() => history.takeTools(tools.value.values()));
