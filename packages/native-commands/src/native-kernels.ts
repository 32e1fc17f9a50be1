/** What the addons of native backends have in common. */
export interface NativeKernels {
  /** Makes a weak reference; returns its handle. */
  weak(target: object): number;
  /** The target of a weak reference, or undefined once it was collected; then the reference has ended too. */
  target(reference: number): object | undefined;
  /** Ends a weak reference. The handle of one that has ended means nothing any more. */
  forget(reference: number): void;
  /** Answers with a handle in the first word of the block. */
  compile(): void;
  map(): void;
  reduce(): void;
  matmul(): void;
  convolution(): void;
  maxPooling(): void;
  maxPoolingGradient(): void;
  softmax(): void;
  softmaxGradient(): void;
  lstm(): void;
  lstmGradient(): void;
  gather(): void;
  scatterAdd(): void;
  cumsum(): void;
  random(): void;
}
