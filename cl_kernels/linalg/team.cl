## A team of ${team} work-items works on one matrix: a loop over elements takes every TEAM-th from LANE
## on. SYNC makes visible what the others wrote; it stands where all of the team come by.
<%include file="numbers.cl"/>
% if team == 1:
#define LANE 0
#define TEAM 1
#define SYNC
#define TEAM_SCRATCH
#define TEAM_SUM(value) (value)
#define TEAM_SUM_REAL(value) (value)
#define TEAM_PLACE(value, place) (place)
#define TEAM_LARGEST(value) (value)
% else:
#define LANE ((int)get_local_id(0))
#define TEAM ${team}
#define SYNC barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
#define TEAM_SCRATCH __local ${T} team_values[TEAM]; __local int team_places[TEAM];
#define TEAM_SUM(value) team_sum(value, team_values)
#define TEAM_SUM_REAL(value) RE(team_sum(NUM(value), team_values))
#define TEAM_PLACE(value, place) team_place(value, place, (__local REAL*)team_values, team_places)
#define TEAM_LARGEST(value) team_largest(value, (__local REAL*)team_values, team_places)
INLINE ${T} team_sum(const ${T} value, __local ${T}* values) {
    barrier(CLK_LOCAL_MEM_FENCE);
    values[LANE] = value;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_of = TEAM / 2; half_of > 0; half_of /= 2) {
        if (LANE < half_of)
            values[LANE] += values[LANE + half_of];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    return values[0];
}
/* The place of the largest value, the first of equal ones. */
INLINE int team_place(
    const REAL value, const int place, __local REAL* values, __local int* places
) {
    barrier(CLK_LOCAL_MEM_FENCE);
    values[LANE] = value;
    places[LANE] = place;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_of = TEAM / 2; half_of > 0; half_of /= 2) {
        if (LANE < half_of) {
            const int other = LANE + half_of;
            if (values[other] > values[LANE]
                || (values[other] == values[LANE] && places[other] < places[LANE])) {
                values[LANE] = values[other];
                places[LANE] = places[other];
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    return places[0];
}
INLINE REAL team_largest(const REAL value, __local REAL* values, __local int* places) {
    team_place(value, LANE, values, places);
    return values[0];
}
% endif
