/** Why an expression was not accepted. Thrown inside the compiler, a value outside of it. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly suggestion: string | undefined;

  constructor(message: string, suggestion?: string) {
    super(message);
    this.suggestion = suggestion;
  }
}
