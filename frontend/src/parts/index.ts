// Small components and helpers that all panels share.

export { Button, Select, Toggle, Toolbar, type Choice } from "./controls";
export * as format from "./format";
export { Icon, type IconName } from "./icons";
export { useKey } from "./keys";
export { Badge, Empty, Failure, Readout, type Tone } from "./notices";
export { colour, seriesColour, theme, type Theme } from "./theme";
