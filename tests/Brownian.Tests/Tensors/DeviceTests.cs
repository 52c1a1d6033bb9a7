using Brownian.OtherDevice;
using Brownian.Tensors;

namespace Brownian.Tests.Tensors;

/// <summary>Opening devices by name, and keeping their tensors apart.</summary>
public sealed class DeviceTests(Devices devices) : IClassFixture<Devices>
{
    public static TheoryData<string> SeveralInputs => [.. OpTable.Small.Where(op => op.Inputs.Length > 1 && op.Work < 100_000).Select(op => op.Name)];

    [Fact]
    public void A_name_opens_a_device()
    {
        using Device any = Device.Open(), one = Device.Open("cpu:1"), two = Device.Open("cpu:2");
        using Device cores = Device.Cpu();
        Assert.Equal((cores.Threads, 1, 2), (any.Threads, one.Threads, two.Threads));
    }

    [Theory]
    [InlineData("gpu", "'gpu'", "cpu")]
    [InlineData("CPU", "'CPU'", "cpu")]
    [InlineData("", "''", "cpu")]
    [InlineData("cpu:", "'cpu:'", "cpu:2")]
    [InlineData("cpu:0", "'cpu:0'", "cpu:2")]
    [InlineData("cpu:two", "'cpu:two'", "cpu:2")]
    [InlineData("cpu:5000", "5000 threads", "1024")]
    public void Other_names_are_refused_with_those_there_are(string name, params string[] says)
    {
        string message = Assert.Throws<ArgumentException>(() => Device.Open(name)).Message;
        Assert.All(says, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Fact]
    public void Another_assembly_adds_its_kind_once()
    {
        Device.Register("late", threads => new LateDevice(int.Parse(threads ?? "1", System.Globalization.CultureInfo.InvariantCulture)));
        using Device device = Device.Open("late:3");
        Assert.Equal(3, Assert.IsType<LateDevice>(device).Threads);
        Assert.Contains("late", Device.Kinds);
        Assert.Contains("late", Assert.Throws<ArgumentException>(() => Device.Register("late", _ => new LateDevice(1))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Device.Register("late:1", _ => new LateDevice(1)));
    }

    [Theory, MemberData(nameof(SeveralInputs))]
    public void An_operation_refuses_each_input_of_another_device(string name)
    {
        OpCase op = OpTable.Find(name);
        Device here = devices.Default, there = devices["Late", 1];
        string operation = "";
        for (int other = 0; other < op.Inputs.Length; other++)
        {
            Tensor[] inputs = [.. op.Inputs.Select((x, i) => Tensor.From(op.Expected.Inputs[i], x.Shape, i == other ? there : here))];
            string message = Assert.Throws<ArgumentException>(() => op.Run(inputs)).Message;
            foreach (string part in new[] { here.Name, there.Name, "bring both to one device" }) Assert.Contains(part, message, StringComparison.Ordinal);
            operation = message[..message.IndexOf(':', StringComparison.Ordinal)];
        }
        Assert.Matches("^[A-Z][A-Za-z0-9]+$", operation);
    }

    [Fact]
    public void Two_devices_of_one_name_are_two()
    {
        using Device first = Device.Open("cpu:1"), second = Device.Open("cpu:1");
        Tensor x = Tensor.Zeros(Shape.Of(3), first), z = Tensor.Zeros(Shape.Of(3), second);
        Assert.Contains("another device of that name", Assert.Throws<ArgumentException>(() => x.Multiply(z)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_of_the_processor_refuses_memory_that_is_not_its_own()
    {
        Tensor x = Tensor.Zeros(Shape.Of(3), devices.Default), foreign = Tensor.Zeros(Shape.Of(3), devices["Late", 1]);
        string message = Assert.Throws<ArgumentException>(() => devices.Default.Multiply(x, foreign, x, accumulate: false)).Message;
        Assert.Contains(foreign.Device.Name, message, StringComparison.Ordinal);
        using var tracing = new TracingDevice();
        Assert.Throws<ArgumentException>(() => devices.Default.Fill(Tensor.Zeros(Shape.Of(3), tracing), 1));
    }

    [Fact]
    public void A_pass_can_be_traced_with_parameters_of_any_device()
    {
        using var tracing = new TracingDevice();
        Tensor On(Device device, params ReadOnlySpan<int> extents) => Tensor.Zeros(Shape.Of(extents), device);
        Device own = devices.Default;
        Tensor x = On(tracing, 2, 4, 4, 8), gamma = On(own, 8), beta = On(own, 8);
        Tensor y = x.GroupNorm(gamma, beta, 2, modulation: On(tracing, 2, 16)).Conv2d(On(own, 3, 3, 8, 8), new(3, 1, 1), On(own, 8))
            .BatchNorm(new(), gamma, beta, new(On(own, 8), On(own, 8)), training: true).Linear(On(own, 8, 5), On(own, 5));
        Assert.Equal((tracing, Shape.Of(2, 4, 4, 5)), (y.Device, y.Shape));
        Assert.Contains("bring both", Assert.Throws<ArgumentException>(() => gamma.Add(On(tracing, 8))).Message, StringComparison.Ordinal);
    }
}
