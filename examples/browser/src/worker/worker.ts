/** The worker of the page: models are trained here, so that the page stays alive. */
import type { Report, Request } from '../protocol.js';
import { Trainer } from './trainer.js';

const trainer = new Trainer((report: Report) => {
  postMessage(report);
});

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  void trainer.serve(data);
});
