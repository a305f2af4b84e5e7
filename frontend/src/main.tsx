// Starts the page. Styles of panels that are loaded late are imported here too: the page has one
// style sheet.
import "./theme.css";
import "./parts/parts.css";
import "./frame/frame.css";
import "./devices/devices.css";
import "./recordings/recordings.css";
import "./images/images.css";
import "./space/space.css";
import "./plots/plots.css";
import { render } from "preact";
import { App } from "./app";
import { startLayout } from "./frame/layout";
import { startLink } from "./link";
import { startTheme } from "./parts/theme";

startTheme();
startLayout();
startLink();
render(<App />, document.getElementById("app")!);
