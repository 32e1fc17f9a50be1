/** The area to draw a digit on, with a pointer or on the keyboard. */
import { say } from './elements.js';
import { digitImage } from './image.js';

/** Width of the pen, and how far an arrow key moves it, in pixels of the canvas. */
const penWidth = 20;
const stride = 10;

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-stride, 0],
  ArrowRight: [stride, 0],
  ArrowUp: [0, -stride],
  ArrowDown: [0, stride],
};

/** Draws white ink on nothing; the style sheet makes the colours. */
export class Pad {
  readonly #context: CanvasRenderingContext2D;
  /** Where the pen is, in pixels of the canvas. */
  #x: number;
  #y: number;
  #down = false;

  /**
   * @param pen - is shown where the pen of the keyboard is
   * @param status - tells in words what the pen does
   * @param changed - called after each change of the drawing
   */
  constructor(
    readonly canvas: HTMLCanvasElement,
    readonly pen: HTMLElement,
    readonly status: HTMLElement,
    readonly changed: () => void,
  ) {
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('This browser has no canvas to draw on.');
    this.#context = Object.assign(context, { lineWidth: penWidth, lineCap: 'round', lineJoin: 'round', strokeStyle: '#fff' } as const);
    this.#x = canvas.width / 2;
    this.#y = canvas.height / 4;
    canvas.addEventListener('pointerdown', event => this.#begin(event));
    canvas.addEventListener('pointermove', event => this.#follow(event));
    for (const end of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(end, () => this.#lift());
    canvas.addEventListener('keydown', event => this.#key(event));
    canvas.addEventListener('focus', () => this.#showPen(canvas.matches(':focus-visible')));
    canvas.addEventListener('blur', () => {
      this.#lift();
      this.#showPen(false);
    });
  }

  /** The drawing as an image of 28 x 28 pixels; undefined when there is none. */
  image(): Float32Array | undefined {
    const { width, height } = this.canvas;
    const { data } = this.#context.getImageData(0, 0, width, height);
    return digitImage(
      Float32Array.from({ length: width * height }, (_, i) => data[4 * i + 3]! / 255),
      width,
    );
  }

  clear(): void {
    this.#context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.#down = false;
    say(this.status, 'The drawing area is empty.');
    this.changed();
  }

  #begin(event: PointerEvent): void {
    this.canvas.setPointerCapture(event.pointerId);
    this.#showPen(false);
    [this.#x, this.#y] = this.#place(event);
    this.#down = true;
    this.#lineTo(this.#x, this.#y);
  }

  #follow(event: PointerEvent): void {
    if (!this.#down || !this.canvas.hasPointerCapture(event.pointerId)) return;
    // A fast pointer moves several times within a frame.
    const places = event.getCoalescedEvents?.() ?? [];
    for (const one of places.length > 0 ? places : [event]) this.#lineTo(...this.#place(one));
  }

  #lift(): void {
    this.#down = false;
  }

  #key(event: KeyboardEvent): void {
    const move = arrows[event.key];
    if (event.altKey || event.ctrlKey || event.metaKey || (move === undefined && event.key !== ' ')) return;
    event.preventDefault();
    if (move === undefined) {
      this.#down = !this.#down;
      if (this.#down) this.#lineTo(this.#x, this.#y);
      say(this.status, this.#down ? 'The pen is down.' : 'The pen is lifted.');
    } else {
      const inside = (value: number, size: number) => Math.min(Math.max(value, stride), size - stride);
      const [x, y] = [inside(this.#x + move[0], this.canvas.width), inside(this.#y + move[1], this.canvas.height)];
      if (this.#down) this.#lineTo(x, y);
      [this.#x, this.#y] = [x, y];
    }
    this.#showPen(true);
  }

  #lineTo(x: number, y: number): void {
    this.#context.beginPath();
    this.#context.moveTo(this.#x, this.#y);
    this.#context.lineTo(x, y);
    this.#context.stroke();
    [this.#x, this.#y] = [x, y];
    this.changed();
  }

  #place(event: PointerEvent): [x: number, y: number] {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.canvas.width, ((event.clientY - box.top) / box.height) * this.canvas.height];
  }

  #showPen(visible: boolean): void {
    this.pen.hidden = !visible;
    this.pen.classList.toggle('down', this.#down);
    this.pen.style.left = `${(100 * this.#x) / this.canvas.width}%`;
    this.pen.style.top = `${(100 * this.#y) / this.canvas.height}%`;
  }
}
