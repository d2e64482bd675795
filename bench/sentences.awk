# Documents for benches, one sentence each, as JSON lines: a few patterns, names and numbers that
# differ, so that no two prompts are the same. Usage: awk -v n=400 -f bench/sentences.awk
BEGIN {
    split("Ada Boris Chidi Dalia Emre Fatou Goran Hana Ivar Jun", first)
    split("Lindqvist Okafor Petrov Santos Tanaka Ueda Vogel Weiss Young Zhao", last)
    split("Aarhus Bergen Cork Dresden Essen Faro Ghent Haifa Izmir Jena", place)
    split("Acme Borealis Cirrus Delphi Ember Fjord Gravel Helix Indigo Juniper", firm)
    for (i = 0; i < n; i++) {
        a = first[i % 10 + 1]; b = last[int(i / 10) % 10 + 1]
        c = place[int(i / 3) % 10 + 1]; d = firm[int(i / 7) % 10 + 1]
        if (i % 3 == 0) s = "on day " i " the engineer " a " " b " moved to " c "."
        if (i % 3 == 1) s = "in week " i " the company " d " opened an office in " c "."
        if (i % 3 == 2) s = "report " i " says that " a " " b " left " d " after a quarrel."
        printf "{\"id\": \"%d\", \"text\": \"%s\"}\n", i, s
    }
}
