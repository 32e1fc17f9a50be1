/** The gradient of x with strides: the positions of one phase meet the same taps. */
import { range, take } from './words.js';

/** The first tap that a phase meets, or `taps` where it meets none. */
export const firstTapFunction = `
fn first_tap(place: i32, dilation: i32, phases: i32, phaseTaps: i32, taps: i32) -> i32 {
  for (var k = 0; k < min(phaseTaps, taps); k++) {
    if ((place - k * dilation) % phases == 0) { return k; }
  }
  return taps;
}`;

/** Makes axes those of one phase of their positions, which is taken from `rest`. */
export function phaseCode(rank: number): string {
  return range(rank)
    .map(
      d => `${take(`phase${d}`, `phases${d}`)}
  let k${d} = first_tap(phase${d} + padding${d}, dilation${d}, phases${d}, phaseTaps${d}, taps${d});
  let start${d} = (phase${d} + padding${d} - k${d} * dilation${d}) / phases${d};
  let longest${d} = length${d};
  length${d} = (whole${d} - phase${d} + phases${d} - 1) / phases${d};
  taps${d} = (taps${d} - k${d} + phaseTaps${d} - 1) / phaseTaps${d};
  xi += start${d} * inStep${d}; wi += k${d} * wTap${d}; yi += phase${d} * outStep${d};
  wTap${d} *= phaseTaps${d}; outStep${d} *= phases${d};`,
    )
    .join('\n  ');
}

/** Declarations of which {@link phaseCode} changes some. */
export function changeable(declarations: string): string {
  return declarations.replaceAll(/let (length|taps|wTap|outStep)(\d)/g, 'var $1$2');
}
