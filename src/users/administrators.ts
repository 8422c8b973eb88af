/**
 * CTE that locks the rows of all active administrators, always in the same order. Two statements
 * that each remove an administrator wait for each other here, and the second one sees the result of
 * the first, because under READ COMMITTED a row is checked again after its lock was waited for.
 */
export const ADMINISTRATORS = `administrators as (
  select id from users where 'admin' = any (roles) and disabled_at is null and closed_at is null
  order by id for update)`;
