/** Whether a unique index, or a trigger in the same role, refused the statement. */
export function isUniqueViolation(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === '23505';
}
