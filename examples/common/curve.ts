/** The learning curve of a run: a printed line for each epoch, and a drawing of them all. */
import { writeFile } from 'node:fs/promises';

/** What was measured after an epoch, in one line: `epoch 1 trn 0.9005 tst 0.9048`. */
export function line(epoch: number, values: Readonly<Record<string, number>>): string {
  const columns = Object.entries(values).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  return `epoch ${epoch} ${columns.join(' ')}`;
}

/** Collects what is measured after each epoch. */
export class LearningCurve {
  readonly #points: { epoch: number; values: Readonly<Record<string, number>> }[] = [];

  /**
   * @param title - what the drawing is headed
   * @param unit - name of the vertical axis
   */
  constructor(
    readonly title: string,
    readonly unit: string,
  ) {}

  /** Keeps the values of an epoch and prints its {@link line}. */
  add(epoch: number, values: Readonly<Record<string, number>>): void {
    this.keep(epoch, values);
    console.log(line(epoch, values));
  }

  /** Keeps the values of an epoch for the drawing alone. */
  keep(epoch: number, values: Readonly<Record<string, number>>): void {
    this.#points.push({ epoch, values });
  }

  /** Writes the drawing, one line for each name, as SVG. Does nothing without a file. */
  async save(file: string | undefined): Promise<void> {
    if (file === undefined) return;
    await writeFile(file, await this.svg());
    console.log(`learning curve in ${file}`);
  }

  /** The drawing. */
  async svg(): Promise<string> {
    // Imported here, because most runs draw nothing and the library takes a while to load.
    const [{ init, use }, { LineChart }, { GridComponent, LegendComponent, TitleComponent }, { SVGRenderer }] = await Promise.all([
      import('echarts/core'),
      import('echarts/charts'),
      import('echarts/components'),
      import('echarts/renderers'),
    ]);
    use([LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);
    const names = [...new Set(this.#points.flatMap(({ values }) => Object.keys(values)))];
    const chart = init(null, null, { renderer: 'svg', ssr: true, width: 640, height: 400 });
    try {
      chart.setOption({
        animation: false,
        title: { text: this.title, left: 'center' },
        legend: { orient: 'vertical', right: 10, top: 'middle' },
        grid: { left: 70, right: 120, top: 50, bottom: 60 },
        xAxis: { type: 'value', name: 'epoch', nameLocation: 'middle', nameGap: 28, minInterval: 1 },
        yAxis: { type: 'value', name: this.unit, nameLocation: 'middle', nameGap: 48, scale: true },
        series: names.map(name => ({
          name,
          type: 'line',
          data: this.#points.filter(({ values }) => name in values).map(({ epoch, values }) => [epoch, values[name]]),
        })),
      });
      return chart.renderToSVGString();
    } finally {
      chart.dispose();
    }
  }
}
