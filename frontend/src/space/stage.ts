// Where the scene is drawn: a WebGL canvas, a flat canvas for letters above it, and when to draw.
// Nothing is drawn unless somebody asked; at most once per animation frame, and never before the
// graphics card (or the software in its place) has finished the frame before. Where frames take
// long, it rests between them, so that the rest of the page stays alive.

import "@kitware/vtk.js/Rendering/OpenGL/Actor";
import "@kitware/vtk.js/Rendering/OpenGL/Camera";
import "@kitware/vtk.js/Rendering/OpenGL/PolyDataMapper";
import "@kitware/vtk.js/Rendering/OpenGL/Renderer";
import "@kitware/vtk.js/Rendering/OpenGL/Texture";
import vtkRenderer from "@kitware/vtk.js/Rendering/Core/Renderer";
import vtkRenderWindow from "@kitware/vtk.js/Rendering/Core/RenderWindow";
import vtkOpenGLRenderWindow from "@kitware/vtk.js/Rendering/OpenGL/RenderWindow";
import type { Colour } from "./shapes";
import { Viewpoint } from "./viewpoint";

/** This browser, or this machine, draws nothing in three dimensions. */
export class NoGraphics extends Error {}

/** More pixels than this for each one of the page cost more than they show. */
const MOST_PIXELS = 2;

/** What frames take beyond this they are followed by as a rest, ms: up to 30 a second have none. */
const LONG_MS = 40;
const LONGEST_REST_MS = 250;

/** Makes a place in the scene a place in the picture, in CSS pixels from its left, upper corner. */
export type Projection = (x: number, y: number, z: number) => [number, number, number];

export class Stage {
  readonly renderer = vtkRenderer.newInstance();
  readonly viewpoint = new Viewpoint(this.renderer.getActiveCamera());
  readonly letters = document.createElement("canvas");
  readonly canvas: HTMLCanvasElement;
  /** Frames drawn so far. */
  frames = 0;
  /** Size in CSS pixels, and how many pixels of the screen each of them has. */
  width = 0;
  height = 0;
  ratio = 1;

  private readonly window = vtkRenderWindow.newInstance();
  private readonly view = vtkOpenGLRenderWindow.newInstance();
  private readonly context: WebGL2RenderingContext;
  private readonly sizes = new ResizeObserver(() => this.resize());
  private readonly seen = () => {
    this.fence = null;
    this.request();
  };
  private asked = 0;
  private isCertain = true;
  private isHurried = false;
  private fence: WebGLSync | null = null;
  private startedAt = 0;
  private restsUntil = 0;

  /**
   * @param prepare is called before a frame, to move what has moved; true where something has.
   * @param annotate is called after it, to write on `letters`.
   * @throws NoGraphics without WebGL 2.
   */
  constructor(
    private readonly host: HTMLElement,
    private readonly prepare: () => boolean,
    private readonly annotate: (projection: Projection) => void,
  ) {
    this.canvas = this.view.getCanvas() as HTMLCanvasElement;
    // vtk.js takes the context that the canvas has already.
    const context = this.canvas.getContext("webgl2", {
      alpha: false,
      antialias: !isSoftware(),
      preserveDrawingBuffer: false,
    });
    if (!context) throw new NoGraphics("no WebGL 2");
    this.context = context;
    this.view.setContainer(host);
    host.append(this.letters);
    this.letters.className = "space-letters";
    this.window.addRenderer(this.renderer);
    this.window.addView(this.view);
    this.sizes.observe(host);
    document.addEventListener("visibilitychange", this.seen);
    // Machines that wake up may have lost all that was drawn; vtk.js makes it anew.
    this.canvas.addEventListener("webglcontextrestored", this.seen);
    this.resize();
  }

  /** Draw soon. */
  request(): void {
    this.isCertain = true;
    this.check();
  }

  /** Draw with the next animation frame: somebody's hand moves the scene. */
  hurry(): void {
    this.isHurried = true;
    this.request();
  }

  /** Draw soon, if something has moved. */
  check(): void {
    if (!this.asked) this.asked = requestAnimationFrame(this.frame);
  }

  setBackground(colour: Colour): void {
    this.renderer.setBackground(colour[0] / 255, colour[1] / 255, colour[2] / 255, 1);
    this.request();
  }

  /** Draw at once, such as for a picture of it. */
  draw(): void {
    this.prepare();
    this.render();
  }

  private render(): void {
    this.isCertain = false;
    this.renderer.resetCameraClippingRange();
    this.window.render();
    this.annotate(this.projection());
    this.frames += 1;
  }

  /** By the newest frame's camera; the third value is above 1 or below -1 outside the picture. */
  projection(): Projection {
    const camera = this.renderer.getActiveCamera();
    const aspect = this.width / Math.max(this.height, 1);
    const m = camera.getCompositeProjectionMatrix(aspect, -1, 1) as unknown as Float64Array;
    return (x, y, z) => {
      const w = m[12]! * x + m[13]! * y + m[14]! * z + m[15]!;
      const right = (m[0]! * x + m[1]! * y + m[2]! * z + m[3]!) / w;
      const up = (m[4]! * x + m[5]! * y + m[6]! * z + m[7]!) / w;
      const depth = w > 0 ? (m[8]! * x + m[9]! * y + m[10]! * z + m[11]!) / w : 2;
      return [((right + 1) / 2) * this.width, ((1 - up) / 2) * this.height, depth];
    };
  }

  /** What is seen now, letters included. */
  async picture(): Promise<Blob> {
    this.draw();
    const canvas = document.createElement("canvas");
    canvas.width = this.canvas.width;
    canvas.height = this.canvas.height;
    const flat = canvas.getContext("2d")!;
    flat.drawImage(this.canvas, 0, 0);
    flat.drawImage(this.letters, 0, 0, canvas.width, canvas.height);
    return new Promise((done, failed) => {
      canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png");
    });
  }

  dispose(): void {
    cancelAnimationFrame(this.asked);
    this.sizes.disconnect();
    document.removeEventListener("visibilitychange", this.seen);
    this.canvas.removeEventListener("webglcontextrestored", this.seen);
    this.window.removeRenderer(this.renderer);
    this.window.removeView(this.view);
    this.view.setContainer(null as unknown as HTMLElement);
    this.renderer.delete();
    this.window.delete();
    this.view.delete();
    this.letters.remove();
    this.context.getExtension("WEBGL_lose_context")?.loseContext();
  }

  private readonly frame = (): void => {
    this.asked = 0;
    if (document.hidden || !this.width || !this.height || this.context.isContextLost()) return;
    const now = performance.now();
    if (!this.isDone(now) || (now < this.restsUntil && !this.isHurried)) return this.check();
    this.isHurried = false;
    if (!this.prepare() && !this.isCertain) return;
    this.startedAt = now;
    this.render();
    this.fence = this.context.fenceSync(this.context.SYNC_GPU_COMMANDS_COMPLETE, 0);
    this.context.flush();
  };

  /** Whether the frame before is drawn. Without this, slow machines lag seconds behind. */
  private isDone(now: number): boolean {
    const { context, fence, startedAt } = this;
    if (!fence) return true;
    if (context.getSyncParameter(fence, context.SYNC_STATUS) !== context.SIGNALED) return false;
    context.deleteSync(fence);
    this.fence = null;
    const took = now - startedAt;
    this.restsUntil = now + Math.min(took - LONG_MS, LONGEST_REST_MS);
    return true;
  }

  private resize(): void {
    this.width = this.host.clientWidth;
    this.height = this.host.clientHeight;
    if (!this.width || !this.height) return;
    this.viewpoint.shape(this.width / this.height);
    this.ratio = Math.min(devicePixelRatio, MOST_PIXELS);
    const [width, height] = [this.width, this.height].map((n) => Math.round(n * this.ratio));
    this.view.setSize(width!, height!);
    this.letters.width = width!;
    this.letters.height = height!;
    // Both canvases are empty now: without a frame at once, they would flicker.
    if (this.frames) this.draw();
    else this.request();
  }
}

/** Whether the processor draws: smooth edges would cost it more than they are worth. */
function isSoftware(): boolean {
  const context = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (!context) return false;
  const names = context.getExtension("WEBGL_debug_renderer_info");
  const name = context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER) as string;
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}
